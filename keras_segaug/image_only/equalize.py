from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import histograms, tones


class ImageOnlyEqualize(ImageOnlyLayer):
    """Makes all values of a channel about equally frequent; the mask is untouched.

    As `PIL.ImageOps.equalize`, with exactly the same gray levels for 8-bit images. Images of other
    dtypes and ranges are processed in 256 levels of the value range, so a channel of the result has
    no more than 256 different values. A channel with only one level stays as it is. A channel with
    fewer than 255 pixels below its highest level is equalized as well, which Pillow leaves as it
    is. NaN in float images stays NaN and is not counted. Gradients are those of the image, as if
    nothing were done.

    At inference nothing is applied, as for every random layer.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1]: how far each sample goes to the
            equalized image. 0 changes nothing. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> equalize = keras_segaug.ImageOnlyEqualize(factor=(0.5, 1.0), probability=0.5)
    >>> images, masks = equalize(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(
        self, *, factor: Range = (1.0, 1.0), value_range: ValueRange = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)

    def draw(self, draws):
        return {"strength": draws.uniform(*self.factor)}

    def transform_images(self, images, parameters):
        value_range = parameters["value_range"]
        equalized = histograms.equalize(images, value_range, parameters["gaps"])
        return tones.mix(images, equalized, parameters["strength"], value_range)
