"""One of several layers for each sample."""

from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.checks import branches
from keras_segaug.core import value_ranges
from keras_segaug.core.backend import ops
from keras_segaug.core.composition import (
    Composition,
    acting,
    at_inference_elsewhere,
    nothing_elsewhere,
)
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.engine.color_choice import alternatives
from keras_segaug.engine.operations import Select
from keras_segaug.kernels.values import replace


class RandomChoice(Composition):
    """Applies one of several layers to each sample, drawn anew for each.

    A batch must stay a batch, so the layers must agree on the size and the mask's channels.
    Either every layer keeps both: then nothing is applied at inference, and the geometry of
    each sample is chosen before the one lookup that all share. Or all of them give the same fixed
    size, or code the mask alike: then all are computed, each with its own border settings, and
    at inference the first one acts, as it does at inference. `Identity()` is the layer that
    does nothing.

    Args:
        layers: a list of keras_segaug layers, pipelines among them.
        weights: how likely each layer is, in proportion; None makes all equally likely.
        probability: chance, drawn for each sample separately, that one of the layers is drawn.
            Where none is, the sample is treated as at inference.
        **kwargs: see `AugmentationLayer`.

    Raises:
        ValueError: for layers that disagree.

    Example:

    >>> either = keras_segaug.RandomChoice(
    ...     [keras_segaug.ImageOnlyGaussianBlur(), keras_segaug.ImageOnlyGaussianNoise(0.05)]
    ... )
    >>> images, masks = either(np.zeros((2, 8, 8, 3)), np.ones((2, 8, 8), "uint8"))
    >>> tuple(images.shape)
    (2, 8, 8, 3)
    >>> window = keras_segaug.RandomChoice(
    ...     [keras_segaug.JointResizing(4, 4), keras_segaug.JointRandomCrop(4, 4)]
    ... )
    >>> images, masks = window(np.zeros((2, 8, 8, 3)), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 4, 4)
    """

    def __init__(
        self,
        layers: Sequence[AugmentationLayer],
        weights: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(layers, **kwargs)
        self.weights_ = checks.weights(self, weights, len(self.layers))
        self._keeps_all = branches.keep_all(self, self.layers)
        # Layers that mix samples must find them as they are before the choice.
        self._one_by_one = self._keeps_all and not self._mixes()

    def output_spec(self, spec):
        # Every layer is asked: each may refuse a size.
        first, *_ = ends = [layer.output_spec(spec) for layer in self.layers]
        rest = spec.value_range
        if not self._keeps_all:
            rest = self.layers[0].output_spec(replace(spec, acting=False)).value_range
        found = [end.value_range for end in ends] + ([] if self._always_acts else [rest])
        why = "a RandomChoice before it leaves images in different ranges"
        found = value_ranges.common(found, why) if spec.acting else rest
        return replace(first, value_range=found)

    def _leaves(self, spec):
        layers = self.layers if self._keeps_all else self.layers[:1]
        layers = self.layers if spec.acting else layers
        for layer in layers:
            yield from layer._leaves(spec)

    def draw(self, draws):
        return {"choice": draws.uniform()}

    def _drawn(self, parameters):
        if self._one_by_one:
            yield from super()._drawn(parameters)
            return
        for number, layer in enumerate(self.layers):
            chosen = self._chosen(parameters) == number
            for leaf, drawn in layer._drawn(parameters["layers"][number]):
                yield leaf, acting(drawn, chosen)

    def _settle(self, parameters):
        if not self._one_by_one:
            return parameters
        choice = self._chosen(parameters)
        conditions = [choice == number for number in range(len(self.layers))]
        triples = zip(self.layers, parameters["layers"], conditions, strict=True)
        return {**parameters, "layers": [nothing_elsewhere(*triple) for triple in triples]}

    def _gate(self, parameters, condition):
        if self._keeps_all:
            return self._each(nothing_elsewhere, parameters, condition)
        first, *others = parameters["layers"]
        return [at_inference_elsewhere(self.layers[0], first, condition), *others]

    def _chosen(self, parameters):
        """The number of the layer that each sample has drawn: int32 (B,)."""
        total, below, chosen = sum(self.weights_), 0.0, 0
        for weight in self.weights_[:-1]:
            below += weight / total
            chosen = chosen + ops.cast(parameters["choice"] >= below, "int32")
        if isinstance(chosen, int):
            chosen = ops.zeros_like(parameters["choice"], dtype="int32")
        return chosen

    def _plan_layers(self, parameters, inner, view):
        """Each of the layers gets the batch as it is before the choice."""
        if parameters is None and self._keeps_all:
            return [], inner
        if parameters is None:
            return self.layers[0]._planned(None, view)[0], inner
        pairs = zip(self.layers, inner, strict=True)
        planned = [layer._planned(drawn, view) for layer, drawn in pairs]
        branches, finished = zip(*planned, strict=True)
        choice = self._chosen(parameters)
        if self._one_by_one:
            others, colors = alternatives(choice, branches)
            return others + [replace(each, origin=self) for each in colors], list(finished)
        if "applied" in parameters:
            choice = ops.where(parameters["applied"], choice, 0)
        branches = tuple(map(tuple, branches))
        return [Select(choice=choice, branches=branches, origin=self)], list(finished)
