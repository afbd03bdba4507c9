from typing import Any

from keras_segaug import checks
from keras_segaug.core import random
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color


class ImageOnlyGaussianNoise(ImageOnlyLayer):
    """Adds normal noise to every pixel and channel of the image; the mask is untouched.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1]: the standard deviation in
            fractions of the value range, drawn for each sample. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> noise = keras_segaug.ImageOnlyGaussianNoise(0.05)
    >>> images, masks = noise(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(self, factor: Range, value_range: ValueRange = None, **kwargs: Any) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)

    def draw(self, draws):
        return {"deviation": draws.uniform(*self.factor), "noise_key": draws.key()}

    def transform_places(self, images, parameters):
        noise = random.normal_field(parameters["noise_key"], *ops.shape(images)[1:])
        low, high = parameters["value_range"]
        return color.clip(images + parameters["deviation"] * (high - low) * noise, (low, high))
