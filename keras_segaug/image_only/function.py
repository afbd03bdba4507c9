import inspect
from collections.abc import Callable
from typing import Any

import keras

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Tensor


class ImageOnlyLambda(ImageOnlyLayer):
    """Applies a function of your own, or a Keras layer, to the images; the mask is untouched.

    It is compiled with the `Pipeline` that it is in, and saved with it. Since it does the same to
    every sample, it also acts at inference; with a `probability` below 1 it is random, and then it
    does not.

    Args:
        function: takes images, float32 (B, H, W, C) of any batch size, and returns new ones of the
            same shape, which are cast to float32. It must treat every image by itself, draw no
            random numbers, and use only what Keras' backend can trace (`keras.ops`; inside of
            `dataset.map` with another backend, TensorFlow). Values are expected to stay within
            their range: nothing is clipped. A function must be registered, so that it can be saved;
            a Keras layer may be any that takes only images and has no random state; it is run as at
            inference.
        probability: see `AugmentationLayer`.
        **kwargs: see `AugmentationLayer`.

    Raises:
        ValueError: for anything that is not a function or layer, is not registered, or draws random
            numbers; for a result of another shape.

    Example:

    >>> @keras.saving.register_keras_serializable("my_package")
    ... def squared(images):
    ...     return images * images / 255.0
    >>> darker = keras_segaug.ImageOnlyLambda(squared, probability=0.5)
    >>> images, masks = darker(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(images.shape)
    (2, 8, 8, 3)
    """

    _takes_any_range = True

    def __init__(
        self, function: Callable[[Tensor], Tensor], probability: float = 1.0, **kwargs: Any
    ) -> None:
        # The base class refuses a probability that is not a number.
        self.random = probability != 1.0
        super().__init__(probability=probability, **kwargs)
        self.function = _checked(self, function)

    def transform_images(self, images, parameters):
        # Every image is treated by itself, even if the layer would use the whole batch in training.
        more = {"training": False} if isinstance(self.function, keras.layers.Layer) else {}
        changed = ops.cast(ops.convert_to_tensor(self.function(images, **more)), "float32")
        if len(changed.shape) != len(images.shape) or not all(
            a == b or None in (a, b) for a, b in zip(changed.shape, images.shape, strict=True)
        ):
            raise ValueError(
                f"{type(self).__name__}: `function` must return images of the shape that it gets, "
                f"{tuple(images.shape)}. Received {tuple(changed.shape)}."
            )
        return changed


def _checked(owner, function):
    if isinstance(function, keras.layers.Layer):
        state = [v.path for each in function._flatten_layers() for v in each.variables]
        if any("seed" in path for path in state) or _has_generator(function):
            accepted = (
                "a layer without random numbers of its own, which nothing could repeat; take the "
                "layer of this package that does the same"
            )
            checks.fail(owner, "function", accepted, function)
        return function
    if inspect.isclass(function) or not callable(function):
        checks.fail(owner, "function", "a function of images, or a Keras layer", function)
    name = getattr(function, "__name__", "")
    if name == "<lambda>" or keras.saving.get_registered_name(function) == name:
        accepted = (
            'registered, to be saved: write `@keras.saving.register_keras_serializable("my_'
            'package")` above a function that has a name'
        )
        checks.fail(owner, "function", accepted, function)
    return function


def _has_generator(layer):
    held = [vars(each).values() for each in layer._flatten_layers()]
    return any(isinstance(v, keras.random.SeedGenerator) for values in held for v in values)
