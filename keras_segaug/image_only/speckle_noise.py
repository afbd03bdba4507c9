from typing import Any

from keras_segaug import checks
from keras_segaug.core import random
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import noise


class ImageOnlySpeckleNoise(ImageOnlyLayer):
    """Multiplies every pixel and channel by random numbers; the mask is untouched.

    The distance of a value from the lowest of the value range is multiplied by 1 + deviation *
    normal noise, as in `random_noise(mode="speckle")` of scikit-image. Ultrasound and radar images
    look like this.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1]: the standard deviation, drawn for each
            sample. 0 changes nothing. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> noise = keras_segaug.ImageOnlySpeckleNoise(0.3)
    >>> images, masks = noise(np.ones((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(self, factor: Range = 0.2, value_range: ValueRange = None, **kwargs: Any) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)

    def draw(self, draws):
        return {"deviation": draws.uniform(*self.factor), "noise_key": draws.key()}

    def transform_places(self, images, parameters):
        numbers = random.normal_field(parameters["noise_key"], *ops.shape(images)[1:])
        return noise.speckle(images, numbers, parameters["deviation"], parameters["value_range"])
