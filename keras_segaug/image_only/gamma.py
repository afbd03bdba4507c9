from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color


class ImageOnlyGamma(ImageOnlyLayer):
    """Raises the image, scaled to [0, 1], to a random power; the mask is untouched.

    Args:
        factor: a float in [0, 1) or a pair (lower, upper) of numbers above 0: the exponent.
            Below 1 brightens, above 1 darkens. A float `f` means (1 - f, 1 + f).
        value_range: the (lowest, highest) value of images, which become 0 and 1. None: see
            `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> gamma = keras_segaug.ImageOnlyGamma((0.7, 1.5))
    >>> images, masks = gamma(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    tabulate = True

    def __init__(self, factor: Range, value_range: ValueRange = None, **kwargs: Any) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.range_around_one(self, "factor", factor)

    def draw(self, draws):
        return {"gamma": draws.uniform(*self.factor)}

    def transform_values(self, values, parameters):
        return color.adjust_gamma(values, parameters["gamma"], parameters["value_range"])
