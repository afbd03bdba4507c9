from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color


class ImageOnlyHue(ImageOnlyLayer):
    """Turns the colors about the hue circle; the mask is untouched. Images must have 3 channels.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1]. The hue turns by half the drawn
            factor of the circle, in a random direction, as `keras.layers.RandomHue`: 1
            turns by up to 180 degrees. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> hue = keras_segaug.ImageOnlyHue(0.1)
    >>> images, masks = hue(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(self, factor: Range, value_range: ValueRange = None, **kwargs: Any) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)

    def draw(self, draws):
        return {"shift": 0.5 * draws.uniform(*self.factor) * draws.sign()}

    def transform_pixels(self, channels, parameters):
        checks.three_channels(self, channels)
        value_range, gaps = parameters["value_range"], parameters["gaps"]
        return color.adjust_hue(channels, parameters["shift"], value_range, gaps)
