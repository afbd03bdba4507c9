from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color


class ImageOnlyBrightness(ImageOnlyLayer):
    """Adds a random amount to the image; the mask is untouched.

    Args:
        factor: a float or a pair (lower, upper) in [-1, 1], in fractions of the value
            range. A float `f` means (-f, f). Additive, as `keras.layers.RandomBrightness`.
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> brightness = keras_segaug.ImageOnlyBrightness(0.2)
    >>> images, masks = brightness(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(self, factor: Range, value_range: ValueRange | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = checks.signed_range(self, "factor", factor)
        self.value_range = checks.optional_value_range(self, value_range)

    def draw(self, draws):
        return {"delta": draws.uniform(*self.factor)}

    def transform_values(self, values, parameters):
        return color.adjust_brightness(values, parameters["delta"], parameters["value_range"])
