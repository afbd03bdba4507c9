"""Layers made of layers."""

from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.checks import branches
from keras_segaug.core import value_ranges
from keras_segaug.core.backend import ops
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.types import ValueRange
from keras_segaug.engine.operations import Select
from keras_segaug.engine.spec import Spec
from keras_segaug.kernels.values import replace


def _cure(entry):
    """What to write in the place of what is no layer of this package."""
    if isinstance(entry, type) and issubclass(entry, AugmentationLayer):
        return f" Make a layer of the class: {entry.__name__}(...)."
    if isinstance(entry, (tuple, list)):
        return " Put the layers of an inner list into a Pipeline of their own."
    return " Take the layer of this package that does the same, such as JointRandomFlip."


class Composition(AugmentationLayer, abstract=True):
    """Holds layers; draws for all of them from one key, and hands their steps to one run."""

    def __new__(cls, *args, **kwargs):
        # However many there are: `__init__` would take the second one for another argument.
        if any(isinstance(each, AugmentationLayer) for each in args):
            accepted = f"a list of keras_segaug layers: {cls.__name__}([first, second])"
            checks.fail(cls.__name__, "layers", accepted, args)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, layers: Sequence[AugmentationLayer], **kwargs: Any) -> None:
        if not isinstance(layers, (tuple, list)) or not layers:
            name = type(self).__name__
            accepted = f"a non-empty list of keras_segaug layers: {name}([first, second])"
            checks.fail(self, "layers", accepted, layers)
        for layer in layers:
            if not isinstance(layer, AugmentationLayer):
                raise ValueError(
                    f"{type(self).__name__}: `layers` must hold keras_segaug layers only, which "
                    f"know image from mask. Received: {layer!r} of type {type(layer).__name__}."
                    f"{_cure(layer)}"
                )
        # The base asks `random` while it checks `probability`.
        object.__setattr__(self, "_children", tuple(layers))
        super().__init__(**kwargs)
        self.layers = list(layers)

    def _draw_all(self, draws):
        children = draws.children(len(self.layers))
        drawn = [layer._draw_all(each) for layer, each in zip(self.layers, children, strict=True)]
        parameters = self._settle({**super()._draw_all(draws), "layers": drawn})
        if "applied" not in parameters:
            return parameters
        return {**parameters, "layers": self._gate(parameters, parameters["applied"])}

    def _tree(self):
        return f"{type(self).__name__}({','.join(layer._tree() for layer in self.layers)})"

    def _drawn(self, parameters):
        for layer, drawn in zip(self.layers, parameters["layers"], strict=True):
            yield from layer._drawn(drawn)

    def _planned(self, parameters, view):
        inner = [None] * len(self.layers) if parameters is None else parameters["layers"]
        operations, inner = self._plan_layers(parameters, inner, view)
        return operations, None if parameters is None else {**parameters, "layers": inner}

    def _plan_layers(self, parameters, inner, view):
        """(operations, the inner layers' parameters, finished)."""
        raise NotImplementedError(f"{type(self).__name__} must define `_plan_layers`.")

    def _settle(self, parameters):
        """Hands down what the composition itself has drawn."""
        return parameters

    def _gate(self, parameters, condition):
        """The inner layers' parameters; where the condition (B,) does not hold, at inference's."""
        raise NotImplementedError(f"{type(self).__name__} must define `_gate`.")

    def _each(self, function, parameters, condition):
        """`function(layer, its parameters, condition)` for each of the layers, as a list."""
        return [
            function(layer, drawn, condition)
            for layer, drawn in zip(self.layers, parameters["layers"], strict=True)
        ]


class Pipeline(Composition):
    """Applies layers one after the other, geometry merged into one lookup.

    Neighboring geometric layers with the same border settings become one coordinate
    map and one lookup: cheaper than the same layers one by one, and sharper, since
    pixels are blended once. What one layer moves out of the image a later one can
    bring back. A pipeline is a layer: it takes the same structures, can be nested,
    saved, put into a model or into `dataset.map`.

    Args:
        layers: a list of keras_segaug layers, pipelines among them.
        value_range: the (lowest, highest) value of the images that come in. None: of their
            dtype for unsigned integers (0 to 65535 for uint16), (0, 255) for floats; inside
            another pipeline, the range at that place. `ImageOnlyRescaling` and
            `ImageOnlyNormalization` change it for the layers after them; a layer's own
            `value_range` counts for that layer alone.
        probability: chance, for each sample on its own, that the pipeline acts. Where it
            does not, the sample is treated as at inference: random layers do nothing,
            deterministic ones act, random crops take the middle.
        **kwargs: see `AugmentationLayer`. The pipeline's `seed`, `dtype` and `jit_compile`
            count; those of the layers inside are not looked at.

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
        self,
        layers: Sequence[AugmentationLayer],
        value_range: ValueRange | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(layers, **kwargs)
        self.value_range = checks.optional_value_range(self, value_range)
        # What is unknown after one of the layers is so whatever comes in.
        for leaf, spec in self._leaves(Spec((None, None), value_ranges.ANY)):
            if leaf._uses_range():
                value_ranges.needed(leaf, spec.value_range)

    @property
    def random(self):  # type: ignore[override]  # decided by what it holds
        return any(layer.random for layer in self._children)

    def output_spec(self, spec):
        ends = []
        for acting in {spec.acting, spec.acting and self.probability == 1.0}:
            end = replace(self._first(spec), acting=acting)
            for layer in self.layers:
                end = layer.output_spec(end)
            ends.append(end)
        why = "a Pipeline before it changes the range of some samples only"
        found = value_ranges.common([end.value_range for end in ends], why)
        return replace(ends[0], value_range=found, acting=spec.acting)

    def _first(self, spec):
        """The `Spec` of what the first layer gets."""
        if self.value_range is None:
            return spec
        return replace(spec, value_range=value_ranges.ValueRange(*self.value_range))

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


class RandomChoice(Composition):
    """Applies one of several layers to each sample, drawn anew for each.

    So that a batch stays a batch, the layers must agree on the size and the mask's channels.
    Either every layer keeps both: then nothing is applied at inference, and the geometry of
    all is chosen before the one lookup they share. Or all of them give one and the same fixed
    size, or code the mask alike: then all are computed, each with its own border settings, and
    at inference the first one acts, as it does at inference. `Identity()` is the layer that
    does nothing.

    Args:
        layers: a list of keras_segaug layers, pipelines among them.
        weights: how likely each layer is, in proportion; None makes all equally likely.
        probability: chance, for each sample on its own, that one of the layers is drawn. Where
            none is, the sample is treated as at inference.
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

    def output_spec(self, spec):
        # All are asked: each may refuse a size.
        first, *_ = ends = [layer.output_spec(spec) for layer in self.layers]
        rest = spec.value_range
        if not self._keeps_all:
            rest = self.layers[0].output_spec(replace(spec, acting=False)).value_range
        found = [end.value_range for end in ends] + ([rest] if self.probability < 1.0 else [])
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
        if self._keeps_all:
            yield from super()._drawn(parameters)
            return
        for number, layer in enumerate(self.layers):
            chosen = self._chosen(parameters) == number
            for leaf, drawn in layer._drawn(parameters["layers"][number]):
                yield leaf, _acting(drawn, chosen)

    def _settle(self, parameters):
        if not self._keeps_all:
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
        if self._keeps_all:
            return [each for branch in branches for each in branch], list(finished)
        choice = self._chosen(parameters)
        if "applied" in parameters:
            choice = ops.where(parameters["applied"], choice, 0)
        branches = tuple(map(tuple, branches))
        return [Select(choice=choice, branches=branches, origin=self)], list(finished)


def nothing_elsewhere(layer, parameters, condition):
    """The same parameters; where the condition (B,) does not hold, nothing at all is done."""
    if isinstance(layer, Composition):
        inner = layer._each(nothing_elsewhere, parameters, condition)
        parameters = {**parameters, "layers": inner}
    return _acting(parameters, condition)


def at_inference_elsewhere(layer, parameters, condition):
    """The same parameters; elsewhere deterministic layers act and random ones do nothing."""
    if not layer.random:
        return parameters
    if isinstance(layer, Composition):
        parameters = {**parameters, "layers": layer._gate(parameters, condition)}
    return _acting(parameters, condition)


def _acting(parameters, condition):
    applied = parameters.get("applied")
    return {**parameters, "applied": condition if applied is None else applied & condition}
