"""Layers one after the other."""

from collections.abc import Sequence
from typing import Any

from keras_segaug.core import value_ranges
from keras_segaug.core.composition import Composition, at_inference_elsewhere
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.types import ValueRange
from keras_segaug.engine.spec import Spec
from keras_segaug.kernels.values import replace


class Pipeline(Composition):
    """Applies layers one after the other, geometry merged into one lookup.

    Neighboring geometric layers with the same border settings become one coordinate
    map and one lookup: cheaper than the same layers one by one, and sharper, since
    pixels are blended once. What one layer moves out of the image, a later one can
    bring back. A pipeline is a layer: it takes the same structures, and can be nested,
    saved, put into a model or into `dataset.map`.

    Args:
        layers: a list of keras_segaug layers, pipelines among them.
        value_range: the (lowest, highest) value of the images that come in. None: that of their
            dtype for unsigned integers (0 to 65535 for uint16), (0, 255) for floats; inside
            another pipeline, the range at that place. `ImageOnlyRescaling` and
            `ImageOnlyNormalization` change it for the layers after them; a layer's own
            `value_range` applies to that layer alone.
        probability: chance, drawn for each sample separately, that the pipeline acts. Where it
            does not, the sample is treated as at inference: random layers do nothing,
            deterministic ones act, random crops take the middle.
        **kwargs: see `AugmentationLayer`. The pipeline's `seed`, `data_format`, `dtype`,
            `targets` and `jit_compile` apply; those of the layers inside are ignored.

    Example:

    >>> augmentation = keras_segaug.Pipeline(
    ...     [
    ...         keras_segaug.JointRandomFlip("horizontal"),
    ...         keras_segaug.JointRandomRotation(0.1),
    ...         keras_segaug.ImageOnlyBrightness(0.2),
    ...     ],
    ...     seed=1,
    ... )
    >>> images, masks = augmentation(np.zeros((2, 8, 8, 3)), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8)
    """

    def __init__(
        self, layers: Sequence[AugmentationLayer], value_range: ValueRange = None, **kwargs: Any
    ) -> None:
        super().__init__(layers, value_range=value_range, **kwargs)
        # A range that is unknown after a layer is unknown for every input: refuse it at once.
        for leaf, spec in self._leaves(Spec((None, None), value_ranges.ANY)):
            if leaf._uses_range():
                value_ranges.needed(leaf, spec.value_range)

    @property
    def random(self):  # type: ignore[override]  # decided by what it holds
        return any(layer.random for layer in self._children)

    def output_spec(self, spec):
        ends = []
        for acting in {spec.acting, spec.acting and self._always_acts}:
            end = replace(self._first(spec), acting=acting)
            for layer in self.layers:
                end = layer.output_spec(end)
            ends.append(end)
        why = "a Pipeline before it changes the range of some samples only"
        found = value_ranges.common([end.value_range for end in ends], why)
        return replace(ends[0], value_range=found, acting=spec.acting)

    def _leaves(self, spec):
        spec = self._first(spec)
        for layer in self.layers:
            yield from layer._leaves(spec)
            spec = layer.output_spec(spec)

    def _plan_layers(self, parameters, inner, view):
        operations, finished = [], []
        view = replace(view, spec=self._first(view.spec))
        for layer, drawn in zip(self.layers, inner, strict=True):
            found, drawn = layer._planned(drawn, view)
            view = view.after(found, layer.output_spec(view.spec))
            operations += found
            finished.append(drawn)
        return operations, finished

    def _gate(self, parameters, condition):
        return self._each(at_inference_elsewhere, parameters, condition)
