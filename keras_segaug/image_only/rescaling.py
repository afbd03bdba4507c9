from typing import Any

from keras_segaug import checks
from keras_segaug.core import value_ranges
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.kernels.values import replace


class ImageOnlyRescaling(ImageOnlyLayer):
    """Computes image * scale + offset, in training and at inference; the mask is untouched.

    Deterministic: takes no `probability`.

    Args:
        scale: a number, for example 1 / 255.
        offset: a number.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> rescaling = keras_segaug.ImageOnlyRescaling(1 / 255)
    >>> images, masks = rescaling(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(masks.dtype)
    'uint8'
    """

    random = False

    def __init__(self, scale: float, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = checks.number(self, "scale", scale)
        self.offset = checks.number(self, "offset", offset)

    def output_spec(self, spec):
        after = value_ranges.scaled(spec.value_range, [self.scale], [self.offset])
        return replace(spec, value_range=after)

    def transform_values(self, values, parameters):
        return values * self.scale + self.offset
