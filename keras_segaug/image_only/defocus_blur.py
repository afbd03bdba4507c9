from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range
from keras_segaug.kernels import color, filters


class ImageOnlyDefocusBlur(ImageOnlyLayer):
    """Blurs the image by a disk, as a lens out of focus does; the mask is untouched.

    Each pixel becomes the mean over a disk of random radius around it, so that a point becomes the
    "circle of confusion" of a thin lens (Potmesil and Chakravarty, SIGGRAPH 1981). Pixels on its
    edge count in part. The image is mirrored at its borders. NaN in float images spreads as far as
    the disk reaches.

    The time it takes grows with the square of the largest radius.

    Args:
        radius: a float or a pair (lower, upper) in [0, 32], in pixels. Up to 0.5 leaves the image
            as it is. A float `r` means (0, r).
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> blur = keras_segaug.ImageOnlyDefocusBlur(radius=(1, 2))
    >>> images, masks = blur(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    _takes_bytes = True

    def __init__(self, *, radius: Range = (1.0, 3.0), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.radius = checks.unsigned_range(self, "radius", radius, 32.0)

    def draw(self, draws):
        return {"radius": draws.uniform(*self.radius)}

    def transform_images(self, images, parameters):
        largest, gaps = self.radius[1], parameters["gaps"]
        blurred = filters.defocus_blur(images, parameters["radius"], largest, gaps)
        return color.within(blurred, parameters["bounds"])
