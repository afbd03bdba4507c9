from typing import Any

from keras_segaug import checks
from keras_segaug.core import random
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import noise


class ImageOnlyShotNoise(ImageOnlyLayer):
    """Adds the noise of an image made of few photons; the mask is untouched.

    Every pixel and channel counts photons, whose number has a Poisson distribution: bright places
    get more noise than dark ones, the lowest value of the value range gets none. The expected value
    of a pixel is its original value, except for clipping. Numbers with a mean of 4 or more are
    approximated: see `kernels.noise.poisson`. Gradients are those of the image, as if nothing were
    added.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1]: the standard deviation of the noise at
            the highest value, in fractions of the value range, drawn for each sample. It is 1 over
            the square root of the number of photons there: 0.1 is that of 100 photons. 0 changes
            nothing. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> noise = keras_segaug.ImageOnlyShotNoise(0.2)
    >>> images, masks = noise(np.ones((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(self, factor: Range = 0.1, value_range: ValueRange = None, **kwargs: Any) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)

    def draw(self, draws):
        return {"deviation": draws.uniform(*self.factor), "noise_key": draws.key()}

    def transform_places(self, images, parameters):
        uniform = random.uniform_field(parameters["noise_key"], *ops.shape(images)[1:])
        return noise.shot(images, uniform, parameters["deviation"], parameters["value_range"])
