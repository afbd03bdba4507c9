from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color, filters


class ImageOnlySharpness(ImageOnlyLayer):
    """Smooths or sharpens the image by a random amount; the mask is untouched.

    The image is blended with, or pushed away from, a version smoothed by a kernel of 3 x 3 pixels,
    5 in the middle and 1 around it, as in `PIL.ImageEnhance.Sharpness` and torchvision's
    `adjust_sharpness`, whose factor is twice the one here. As there, the outermost pixels stay as
    they are, whereas `keras.layers.RandomSharpness` takes what lies outside as 0. In float images
    NaN stays where it is, and the pixels next to it stay as they are.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1], as `keras.layers.RandomSharpness`
            has it: 0 is smooth, 0.5 leaves the image as it is, 1 is sharp. A float `f` means
            (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> sharpness = keras_segaug.ImageOnlySharpness((0.2, 1.0))
    >>> images, masks = sharpness(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(
        self, factor: Range = (0.0, 1.0), value_range: ValueRange = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)

    def draw(self, draws):
        return {"factor": draws.uniform(*self.factor)}

    def transform_images(self, images, parameters):
        amount = 2.0 * parameters["factor"]
        sharp = filters.adjust_sharpness(images, amount, parameters["gaps"])
        return color.clip(sharp, parameters["value_range"])
