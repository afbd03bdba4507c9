from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color, tones


class ImageOnlyBrightness(ImageOnlyLayer):
    """Adds a random amount to the image, or multiplies it; the mask is untouched.

    Args:
        factor: a float or a pair (lower, upper) in [-1, 1], in fractions of the value
            range. A float `f` means (-f, f). 0 changes nothing.
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        mode: "additive": the amount is added, as by `keras.layers.RandomBrightness`.
            "multiplicative": the distance from the lowest value of the value range is multiplied
            by 1 + the amount, as in torchvision and nnU-Net, so that black stays black.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> brightness = keras_segaug.ImageOnlyBrightness(0.2)
    >>> images, masks = brightness(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(
        self, factor: Range, value_range: ValueRange = None, mode: str = "additive", **kwargs: Any
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.signed_range(self, "factor", factor)
        self.mode = checks.one_of(self, "mode", mode, ("additive", "multiplicative"))

    def draw(self, draws):
        return {"delta": draws.uniform(*self.factor)}

    def transform_values(self, values, parameters):
        change = color.adjust_brightness if self.mode == "additive" else tones.scale_brightness
        return change(values, parameters["delta"], parameters["value_range"])
