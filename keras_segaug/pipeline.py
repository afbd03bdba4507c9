"""Layers made of layers."""

from keras_segaug import checks, choice_checks, ranges
from keras_segaug.backend import ops
from keras_segaug.base import AugmentationLayer
from keras_segaug.kernels.lookup import dtype_of
from keras_segaug.sample import Batch
from keras_segaug.steps import completed, run


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

    def __init__(self, layers, **kwargs):
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

    def draw_all(self, draws):
        children = draws.children(len(self.layers))
        drawn = [layer.draw_all(each) for layer, each in zip(self.layers, children, strict=True)]
        parameters = self.settle({**super().draw_all(draws), "layers": drawn})
        if "applied" not in parameters:
            return parameters
        return {**parameters, "layers": self.gate(parameters, parameters["applied"])}

    def with_steps(self, parameters, steps):
        pairs = zip(self.layers, parameters["layers"], strict=True)
        return {**parameters, "layers": [layer.with_steps(drawn, steps) for layer, drawn in pairs]}

    def _tree(self):
        return f"{type(self).__name__}({','.join(layer._tree() for layer in self.layers)})"

    def settle(self, parameters):
        """Hands down what the composition itself has drawn."""
        return parameters

    def gate(self, parameters, condition):
        """The inner layers' parameters; where the condition (B,) does not hold, at inference's."""
        raise NotImplementedError(f"{type(self).__name__} must define `gate`.")

    def each(self, function, parameters, condition):
        """`function(layer, its parameters, condition)` for each of the layers, as a list."""
        return [
            function(layer, drawn, condition)
            for layer, drawn in zip(self.layers, parameters["layers"], strict=True)
        ]


class Pipeline(Composition):
    """Applies layers one after the other, geometry merged into one lookup.

    Neighbouring geometric layers with the same border settings become one coordinate
    map and one lookup: cheaper than the same layers one by one, and sharper, since
    pixels are blended once. What one layer moves out of the picture a later one can
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

    def __init__(self, layers, value_range=None, **kwargs):
        super().__init__(layers, **kwargs)
        self.value_range = checks.optional_value_range(self, value_range)
        # What is unknown after one of the layers is so whatever comes in.
        for leaf, each in ranges.leaves_of(self, ranges.ValueRange(0.0, 255.0)):
            if leaf.uses_range:
                ranges.needed(leaf, each)

    @property
    def random(self):  # type: ignore[override]  # decided by what it holds
        return any(layer.random for layer in self._children)

    def output_size(self, height, width):
        for layer in self.layers:
            height, width = layer.output_size(height, width)
        return height, width

    def mask_channels(self, channels):
        for layer in self.layers:
            channels = layer.mask_channels(channels)
        return channels

    def image_channels(self, channels):
        for layer in self.layers:
            channels = layer.image_channels(channels)
        return channels

    def steps(self, parameters):
        inner = [None] * len(self.layers) if parameters is None else parameters["layers"]
        return [
            step
            for layer, drawn in zip(self.layers, inner, strict=True)
            for step in layer.steps(drawn)
        ]

    def gate(self, parameters, condition):
        return self.each(at_inference_elsewhere, parameters, condition)

    def ranged(self, value_range, acting=True):
        found, value_range = [], self._first_range(value_range)
        for layer in self.layers:
            found += layer.ranged(value_range, acting)
            value_range = layer.range_after(value_range, acting)
        return found

    def range_after(self, value_range, acting=True):
        ends = []
        for acts in {acting, acting and self.probability == 1.0}:
            end = self._first_range(value_range)
            for layer in self.layers:
                end = layer.range_after(end, acts)
            ends.append(end)
        return ranges.common(ends, "a Pipeline before it changes the range of some samples only")

    def _first_range(self, value_range):
        if self.value_range is None:
            return value_range
        return ranges.ValueRange(*self.value_range)


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

    selects = True

    def __init__(self, layers, weights=None, **kwargs):
        super().__init__(layers, **kwargs)
        self.weights_ = checks.weights(self, weights, len(self.layers))
        self._merges = choice_checks.keep_all(self, self.layers)

    def output_size(self, height, width):
        # All are asked: each may refuse a size.
        first, *_ = [layer.output_size(height, width) for layer in self.layers]
        return first

    def mask_channels(self, channels):
        first, *_ = [layer.mask_channels(channels) for layer in self.layers]
        return first

    def image_channels(self, channels):
        first, *_ = [layer.image_channels(channels) for layer in self.layers]
        return first

    def steps(self, parameters):
        if not self._merges:
            return self.layers[0].steps(None) if parameters is None else [(self, parameters)]
        if parameters is None:
            return []
        pairs = zip(self.layers, parameters["layers"], strict=True)
        return [step for layer, drawn in pairs for step in layer.steps(drawn)]

    def ranged(self, value_range, acting=True):
        if not self._merges:
            return [(self, value_range)] if acting else self.layers[0].ranged(value_range, False)
        if not acting:
            return []
        return [pair for layer in self.layers for pair in layer.ranged(value_range)]

    def range_after(self, value_range, acting=True):
        rest = value_range if self._merges else self.layers[0].range_after(value_range, False)
        if not acting:
            return rest
        ends = [layer.range_after(value_range) for layer in self.layers]
        ends += [rest] if self.probability < 1.0 else []
        return ranges.common(ends, "a RandomChoice before it leaves images in different ranges")

    def draw(self, draws):
        return {"choice": draws.uniform()}

    def settle(self, parameters):
        if not self._merges:
            return parameters
        triples = zip(self.layers, parameters["layers"], self._chosen(parameters), strict=True)
        return {**parameters, "layers": [nothing_elsewhere(*triple) for triple in triples]}

    def gate(self, parameters, condition):
        if self._merges:
            return self.each(nothing_elsewhere, parameters, condition)
        first, *others = parameters["layers"]
        return [at_inference_elsewhere(self.layers[0], first, condition), *others]

    def _chosen(self, parameters):
        """For each of the layers, which samples (B,) have drawn it."""
        total, below, chosen = sum(self.weights_), 0.0, []
        for i, weight in enumerate(self.weights_):
            above = 1.0 if i == len(self.weights_) - 1 else below + weight / total
            chosen.append((parameters["choice"] >= below) & (parameters["choice"] < above))
            below = above
        return chosen

    @property
    def looks_at_masks(self):  # type: ignore[override]  # decided by what it holds
        if self._merges:
            return False
        return any(ranges.leaves_that_look(layer) for layer in self.layers)

    def aim(self, parameters, batch):
        """Each of the layers sees the batch as it is before the choice."""
        if not self.looks_at_masks:
            return parameters
        triples = zip(self.layers, parameters["layers"], self._inner(parameters), strict=True)
        inner = [
            layer.with_steps(drawn, iter(completed(steps, batch)))
            for layer, drawn, steps in triples
        ]
        return {**parameters, "layers": inner}

    def _inner(self, parameters):
        """The steps of each of the layers, which get the images that the choice gets."""
        pairs = zip(self.layers, parameters["layers"], strict=True)
        lists = [(layer, layer.steps(drawn)) for layer, drawn in pairs]
        if "entering" not in parameters:
            return [steps for _, steps in lists]
        known = parameters["entering"], parameters["gaps"]
        return [ranges.entered(layer, steps, *known) for layer, steps in lists]

    def with_steps(self, parameters, steps):
        return super().with_steps(parameters, steps) if self._merges else next(steps)[1]

    def run(self, group, batch):
        (_, parameters), *_ = group
        return self.select(parameters, lambda inner: run(inner, batch, None))

    def select(self, parameters, result_of):
        """Of the results of each layer's steps, which are `Batch`es, each sample's own."""
        results = [result_of(steps) for steps in self._inner(parameters)]
        if len({dtype_of(each.images) for each in results}) > 1:
            # Some are 8-bit geometry, others colors.
            results = [
                Batch(ops.cast(each.images, "float32"), each.masks, each.weights)
                for each in results
            ]
        selected, *others = results
        for condition, other in zip(self._chosen(parameters)[1:], others, strict=True):
            if "applied" in parameters:
                condition = condition & parameters["applied"]
            selected = _where(ops.reshape(condition, (-1, 1, 1, 1)), other, selected)
        return selected


def _where(condition, batch, other):
    def pick(tensors, others):
        return [ops.where(condition, a, b) for a, b in zip(tensors, others, strict=True)]

    [images] = pick([batch.images], [other.images])
    return Batch(images, pick(batch.masks, other.masks), pick(batch.weights, other.weights))


def nothing_elsewhere(layer, parameters, condition):
    """The same parameters; where the condition (B,) does not hold, nothing at all is done."""
    if isinstance(layer, Composition):
        inner = layer.each(nothing_elsewhere, parameters, condition)
        parameters = {**parameters, "layers": inner}
    return _acting(parameters, condition)


def at_inference_elsewhere(layer, parameters, condition):
    """The same parameters; elsewhere deterministic layers act and random ones do nothing."""
    if not layer.random:
        return parameters
    if isinstance(layer, Composition):
        parameters = {**parameters, "layers": layer.gate(parameters, condition)}
    return _acting(parameters, condition)


def _acting(parameters, condition):
    applied = parameters.get("applied")
    return {**parameters, "applied": condition if applied is None else applied & condition}
