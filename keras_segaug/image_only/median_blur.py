from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.kernels import median


class ImageOnlyMedianBlur(ImageOnlyLayer):
    """Replaces each pixel by the median of a square around it; the mask is untouched.

    Each channel is treated separately, as in `cv2.medianBlur`: the median is exact, and outside the
    image its border pixels are repeated. Edges stay, specks disappear. NaN in float images spreads
    to all squares that hold it.

    Args:
        kernel_size: the side of the square, odd, in [1, 7]; or a pair (lower, upper) of odd
            numbers, from which each sample draws an odd number. 1 leaves the image as it is. On
            an accelerator the time it takes is the sum over all sizes that can be drawn.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> blur = keras_segaug.ImageOnlyMedianBlur(3)
    >>> image = np.zeros((8, 8, 1), "uint8")
    >>> image[4, 4] = 255
    >>> float(np.max(blur(image)))
    0.0
    """

    _takes_bytes = True

    def __init__(self, kernel_size: int | Sequence[int] = (3, 5), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = checks.integer_range(self, "kernel_size", kernel_size, 1, 7, odd=True)

    def draw(self, draws):
        lower, upper = self.kernel_size
        return {"size": lower + 2 * draws.integer((upper - lower) // 2 + 1)}

    def transform_images(self, images, parameters):
        lower, upper = self.kernel_size
        sizes = range(lower, upper + 1, 2)
        return median.median_blur(images, parameters["size"], sizes, parameters["gaps"])
