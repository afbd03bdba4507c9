from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core import value_ranges, variates
from keras_segaug.core.composition import Composition, nothing_elsewhere
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.some_of import SomeOf
from keras_segaug.core.types import ValueRange
from keras_segaug.engine.operations import ColorMix
from keras_segaug.engine.spec import Spec
from keras_segaug.kernels.values import replace
from keras_segaug.policies import candidates


class ImageOnlyAugMix(Composition):
    """AugMix: mixes the image with several randomly recolored versions; the mask is untouched.

    Hendrycks et al., "AugMix: a simple data processing method to improve robustness and
    uncertainty", ICLR 2020. Each sample goes through `width` chains of `depth` operations; their
    results are summed with random weights (a Dirichlet distribution), and the sum is blended with
    the image itself by a random share (a beta distribution). The paper's operations that move
    pixels are left out, since a mask cannot be mixed; so are, as in the paper, those by which
    robustness is often measured (brightness, contrast, saturation, sharpness), unless `all_ops` is
    True. At inference nothing is applied.

    Args:
        severity: in [0, 1], the widest range of each operation (posterize, solarize; autocontrast
            and equalize have none).
        width: how many chains.
        depth: how many operations each chain has, or a pair (least, most).
        alpha: the parameter of both distributions, above 0. Small values give mixtures of nearly
            one chain, or nearly the image alone; large values give even mixtures.
        all_ops: also brightness, contrast, sharpness, and (three channels) saturation.
        layers: ImageOnly layers to choose among instead; `severity` and `all_ops` then have no
            meaning.
        value_range: the (lowest, highest) value of images, also for `layers` that have none of
            their own. None: see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> mix = keras_segaug.ImageOnlyAugMix(seed=1)
    >>> images, masks = mix(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(images.shape)
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        severity: float = 0.3,
        width: int = 3,
        depth: int | Sequence[int] = (1, 3),
        alpha: float = 1.0,
        all_ops: bool = False,
        layers: Sequence[AugmentationLayer] | None = None,
        value_range: ValueRange = None,
        **kwargs: Any,
    ) -> None:
        name = type(self).__name__
        severity = checks.number(name, "severity", severity, 0.0, 1.0)
        width = checks.positive_integer(name, "width", width)
        depth = checks.count_range(name, "depth", depth)
        checks.one_of(name, "all_ops", all_ops, (True, False))
        if layers is None:
            layers = candidates.levels(severity, value_range)
            if all_ops:
                layers += candidates.enhancements(severity, value_range, rgb=True)
        for layer in layers if isinstance(layers, (tuple, list)) else ():
            if not isinstance(layer, ImageOnlyLayer):
                checks.fail(
                    name, "layers", "ImageOnly layers, of which the mean is an image", layer
                )
        super().__init__(
            [SomeOf(layers, depth, replace=True) for _ in range(width)],
            value_range=value_range,
            **kwargs,
        )
        self.severity, self.width, self.depth, self.all_ops = severity, width, depth, all_ops
        self.alpha = checks.number(self, "alpha", alpha, 1e-3, 1e3)
        self.layers_ = list(layers)
        self._check_ranges()

    def _check_ranges(self):
        """Refuses layers that change the range of values."""
        spec = Spec((None, None), value_ranges.ANY)
        for layer in self.layers_:
            if layer.output_spec(spec).value_range != value_ranges.ANY:
                accepted = "layers that keep the range of values"
                checks.fail(self, "layers", accepted, layer)

    def _leaves(self, spec):
        for layer in self.layers if spec.acting else ():
            yield from layer._leaves(self._first(spec))

    def draw(self, draws):
        logs = [variates.log_gamma(draws.uniform, self.alpha) for _ in range(self.width)]
        return {"weights": variates.shares(logs), "share": draws.beta(self.alpha)}

    def _gate(self, parameters, condition):
        return self._each(nothing_elsewhere, parameters, condition)

    def _plan_layers(self, parameters, inner, view):
        if parameters is None:
            return [], inner
        view = replace(view, spec=self._first(view.spec))
        pairs = zip(self.layers, inner, strict=True)
        chains = tuple(tuple(layer._planned(drawn, view)[0]) for layer, drawn in pairs)
        # An assumed range limits the result only if one of the layers works with it.
        assumed = any(value_ranges.asks(leaf) for leaf, _ in self._leaves(view.spec))
        mix = ColorMix(
            acts=parameters.get("applied"),
            origin=self,
            chains=chains,
            weights=parameters["weights"],
            share=parameters["share"],
            value_range=value_ranges.known(view.spec, assumed=assumed),
        )
        return [mix], inner
