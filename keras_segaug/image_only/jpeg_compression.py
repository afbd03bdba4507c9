from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import ValueRange
from keras_segaug.kernels import color, jpeg
from keras_segaug.kernels.gaps import around_gaps


class ImageOnlyJPEGCompression(ImageOnlyLayer):
    """Gives the image the losses of JPEG compression; the mask is untouched.

    The arithmetic of baseline JPEG (ITU-T T.81), the same on every backend: blocks of 8 x 8 pixels
    are transformed by cosines and quantized by the tables of the standard, scaled by the quality as
    libjpeg scales them. Colors are not subsampled (4:4:4). Three channels are red, green and blue;
    with any other number, each channel is coded separately, as gray. More than 99 in 100 pixels are
    within one level of those that Pillow's libjpeg makes (`subsampling=0`); where a coefficient
    lies almost midway between two steps, its block may round to the other one.

    Values become one of 256 levels, as in a JPEG file, whatever the dtype; there is no quality
    that leaves an image as it is. Gradients pass through as if nothing were rounded. NaN in float
    images stays where it is, and counts as its channel's mean for the rest.

    Args:
        quality: a pair (lower, upper) of integers in [1, 100], from which each sample draws an
            integer; or one integer for all.
        value_range: the (lowest, highest) value of images, which become 0 and 255. None: see
            `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> jpeg = keras_segaug.ImageOnlyJPEGCompression(quality=(30, 80))
    >>> images, masks = jpeg(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(
        self, quality: int | Sequence[int] = (30, 90), value_range: ValueRange = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.quality = checks.integer_range(self, "quality", quality, 1, 100)

    def draw(self, draws):
        lower, upper = self.quality
        return {"quality": ops.cast(lower, "int32") + draws.integer(upper - lower + 1)}

    def transform_images(self, images, parameters):
        low, high = parameters["value_range"]
        quality = ops.cast(parameters["quality"], "float32")

        def compressed(images):
            levels = ops.clip((images - low) * (255.0 / (high - low)), 0.0, 255.0)
            return jpeg.jpeg(levels, quality) * ((high - low) / 255.0) + low

        result = around_gaps(compressed, images, parameters["gaps"])
        return color.clip(result, (low, high))
