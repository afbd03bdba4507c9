from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color


class ImageOnlyContrast(ImageOnlyLayer):
    """Stretches or squeezes the image about each channel's mean; the mask is untouched.

    A pixel becomes (pixel - mean) * c + mean, with c drawn from
    [1 - lower, 1 + upper], as `keras.layers.RandomContrast` documents. NaN in float images
    stays NaN and is left out of the mean.

    Args:
        factor: a float in [0, 1], or a pair (lower, upper) of numbers of at least 0, lower
            at most 1. A float `f` means (f, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> contrast = keras_segaug.ImageOnlyContrast(0.3)
    >>> images, masks = contrast(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    statistics = "mean"

    def __init__(self, factor: Range, value_range: ValueRange = None, **kwargs: Any) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.contrast_range(self, "factor", factor)

    def draw(self, draws):
        lower, upper = self.factor
        return {"factor": draws.uniform(1.0 - lower, 1.0 + upper)}

    def transform_values(self, values, parameters):
        mean, value_range = parameters["mean"], parameters["value_range"]
        return color.adjust_contrast(values, parameters["factor"], mean, value_range)
