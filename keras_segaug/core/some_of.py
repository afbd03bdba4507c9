"""Some of several layers for each sample."""

from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core import variates
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.turns import Turns


class SomeOf(Turns):
    """Applies some of several layers to each sample, in an order of its own.

    Which layers, how many and in which order is drawn for each sample. The layers must keep the
    size and the mask's channels, and treat every sample separately. Colors that a sample has not
    drawn are not computed for it. At inference nothing is applied, as in `RandomChoice`.

    Args:
        layers: a list of keras_segaug layers, pipelines among them.
        count: how many layers each sample gets, or a pair (least, most) between which each number
            is equally likely.
        weights: how likely each layer is to be drawn next, in proportion; None makes all equally
            likely.
        replace: may a sample get a layer twice? The layer then draws new numbers each time.
        **kwargs: see `AugmentationLayer`.

    Raises:
        ValueError: for a `count` over the number of layers that can be drawn, unless `replace`;
            for layers that change the size, the mask's channels, or mix samples.

    Example:

    >>> two = keras_segaug.SomeOf(
    ...     [
    ...         keras_segaug.JointRandomRotation(0.1),
    ...         keras_segaug.ImageOnlyGamma(0.3),
    ...         keras_segaug.ImageOnlyGaussianBlur(),
    ...     ],
    ...     count=2,
    ... )
    >>> images, masks = two(np.zeros((2, 8, 8, 3)), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8)
    """

    def __init__(
        self,
        layers: Sequence[AugmentationLayer],
        count: int | Sequence[int] = 1,
        weights: Sequence[float] | None = None,
        replace: bool = False,
        **kwargs: Any,
    ) -> None:
        least, most = checks.count_range(type(self).__name__, "count", count)
        several = most if replace is True and isinstance(layers, (tuple, list)) else 1
        # A layer that is used in several turns draws anew in each.
        super().__init__(layers if several == 1 else [*layers] * several, **kwargs)
        self.replace = checks.one_of(self, "replace", replace, (True, False))
        self.layers_ = list(layers)
        self.weights_ = checks.weights(self, weights, len(self.layers_))
        self.count = (least, most)
        usable = sum(weight > 0.0 for weight in self.weights_)
        if not replace and most > usable:
            accepted = f"at most {usable}, since so many layers can be drawn; or give replace=True"
            checks.fail(self, "count", accepted, count)

    @property
    def _most_turns(self):
        return self.count[1]

    def _turns_of(self, count):
        if not self.replace:
            return super()._turns_of(count)
        number = len(self.layers_)
        return [range(turn * number, (turn + 1) * number) for turn in range(count)]

    def draw(self, draws):
        least, most = self.count
        total = sum(self.weights_)
        # Weights have any size: float32 could not hold a sum of large ones, nor very small ones.
        shares = [weight / total for weight in self.weights_]
        if self.replace:
            turns = variates.choices(draws.uniform, shares, most)
        else:
            turns = variates.order(draws.uniform, shares, most)
        held = least if least == most else least + draws.integer(most - least + 1)
        return {"turns": variates.first(turns, held)}
