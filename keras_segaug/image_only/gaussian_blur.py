import math
from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range
from keras_segaug.kernels import blur, color


class ImageOnlyGaussianBlur(ImageOnlyLayer):
    """Blurs the image, each sample with its own sigma; the mask is untouched.

    The image is mirrored at its borders. NaN in float images spreads as far as the kernel reaches,
    but not where sigma is 0.

    Args:
        kernel_size: odd, or a pair of odd numbers (rows, columns); None covers three times the
            largest sigma on each side.
        sigma: a float or a pair (lower, upper), in pixels. A float `s` means (0, s).
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> blur = keras_segaug.ImageOnlyGaussianBlur(kernel_size=5, sigma=(0.5, 1.5))
    >>> images, masks = blur(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    _takes_bytes = True

    def __init__(
        self, *, kernel_size: int | Sequence[int] | None = 3, sigma: Range = 1.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.kernel_size: Any = kernel_size
        if kernel_size is not None:
            self.kernel_size = checks.odd_pair(self, "kernel_size", kernel_size)
        self.sigma = checks.unsigned_range(self, "sigma", sigma, math.inf)

    def draw(self, draws):
        return {"sigma": draws.uniform(*self.sigma)}

    def transform_images(self, images, parameters):
        reach = 2 * math.ceil(3.0 * self.sigma[1]) + 1
        radius = tuple(length // 2 for length in self.kernel_size or (reach, reach))
        blurred = blur.gaussian_blur(images, parameters["sigma"], radius, parameters["gaps"])
        return color.within(blurred, parameters["bounds"])
