"""Layers made of layers."""

from keras_segaug import checks, ranges
from keras_segaug.base import AugmentationLayer


class Composition(AugmentationLayer, abstract=True):
    """Holds layers; draws for all of them from one key, and hands their steps to one run."""

    def __init__(self, layers, **kwargs):
        if not isinstance(layers, (tuple, list)) or not layers:
            checks.fail(self, "layers", "a non-empty list of keras_segaug layers", layers)
        for layer in layers:
            if not isinstance(layer, AugmentationLayer):
                raise ValueError(
                    f"{type(self).__name__}: `layers` must hold keras_segaug layers only, which "
                    f"know image from mask. Received: {layer!r} of type {type(layer).__name__}."
                )
        # The base asks `random` while it checks `probability`.
        object.__setattr__(self, "_children", tuple(layers))
        super().__init__(**kwargs)
        self.layers = list(layers)

    def draw_all(self, draws):
        children = draws.children(len(self.layers))
        drawn = [layer.draw_all(each) for layer, each in zip(self.layers, children, strict=True)]
        return self.gate({**super().draw_all(draws), "layers": drawn})

    def gate(self, parameters):
        """Hands down which samples the layers inside act on."""
        raise NotImplementedError(f"{type(self).__name__} must define `gate`.")


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
        for leaf, each in self.ranged(ranges.ValueRange(0.0, 255.0)):
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

    def steps(self, parameters):
        inner = [None] * len(self.layers) if parameters is None else parameters["layers"]
        return [
            step
            for layer, drawn in zip(self.layers, inner, strict=True)
            for step in layer.steps(drawn)
        ]

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

    def gate(self, parameters):
        if "applied" not in parameters:
            return parameters
        drawn = [
            restrict(layer, inner, parameters["applied"]) if layer.random else inner
            for layer, inner in zip(self.layers, parameters["layers"], strict=True)
        ]
        return {**parameters, "layers": drawn}


class RandomChoice(Composition):
    """Applies one of several layers to each sample, drawn anew for each.

    Every layer must keep the picture's size and the mask's channels, so that a batch
    stays a batch. At inference nothing is applied. All layers are computed and one
    result is kept, geometry excepted: matrices are chosen before the one lookup.

    Args:
        layers: a list of keras_segaug layers, pipelines among them.
        weights: how likely each layer is, in proportion; None makes all equally likely.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> either = keras_segaug.RandomChoice(
    ...     [keras_segaug.ImageOnlyGaussianBlur(), keras_segaug.ImageOnlyGaussianNoise(0.05)]
    ... )
    >>> images, masks = either(np.zeros((2, 8, 8, 3)), np.ones((2, 8, 8), "uint8"))
    >>> tuple(images.shape)
    (2, 8, 8, 3)
    """

    def __init__(self, layers, weights=None, **kwargs):
        super().__init__(layers, **kwargs)
        self.weights_ = checks.weights(self, weights, len(self.layers))
        probe = (1009, 1013)
        for layer in self.layers:
            if layer.output_size(*probe) != probe:
                checks.fail(self, "layers", "layers that keep the picture's size", layer.name)

    def steps(self, parameters):
        if parameters is None:
            return []
        pairs = zip(self.layers, parameters["layers"], strict=True)
        return [step for layer, drawn in pairs for step in layer.steps(drawn)]

    def ranged(self, value_range, acting=True):
        if not acting:
            return []
        return [pair for layer in self.layers for pair in layer.ranged(value_range)]

    def range_after(self, value_range, acting=True):
        if not acting:
            return value_range
        ends = [layer.range_after(value_range) for layer in self.layers]
        ends += [value_range] if self.probability < 1.0 else []
        return ranges.common(ends, "a RandomChoice before it leaves images in different ranges")

    def draw(self, draws):
        return {"choice": draws.uniform()}

    def gate(self, parameters):
        total, below, drawn = sum(self.weights_), 0.0, []
        for i, (layer, inner) in enumerate(zip(self.layers, parameters["layers"], strict=True)):
            above = 1.0 if i == len(self.layers) - 1 else below + self.weights_[i] / total
            chosen = (parameters["choice"] >= below) & (parameters["choice"] < above)
            if "applied" in parameters:
                chosen = chosen & parameters["applied"]
            drawn.append(restrict(layer, inner, chosen))
            below = above
        return {**parameters, "layers": drawn}


def restrict(layer, parameters, condition):
    """The same parameters, acting only on samples where the condition (B,) holds."""
    if isinstance(layer, Composition):
        applied = parameters.get("applied")
        inner = [
            restrict(child, drawn, condition)
            for child, drawn in zip(layer.layers, parameters["layers"], strict=True)
        ]
        both = condition if applied is None else applied & condition
        return {**parameters, "applied": both, "layers": inner}
    applied = parameters.get("applied")
    return {**parameters, "applied": condition if applied is None else applied & condition}
