from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color, illumination


class ImageOnlyBiasField(ImageOnlyLayer):
    """Lights the image unevenly, as the coil of an MR scanner does; the mask is untouched.

    The part of each value above the lowest is multiplied by the exponential of a polynomial of the
    position, the same for all channels (Van Leemput et al., "Automated model-based bias field
    correction of MR images of the brain", IEEE TMI 18, 1999; as an augmentation Sudre et al.,
    2017). Rows and columns run from -1 to 1. There is no constant term, which would be brightness.

    Args:
        factor: a float or a pair (lower, upper) in [0, 5]: a strength is drawn from it for each
            sample, and then each coefficient uniformly in (-strength, strength). 0 leaves the image
            as it is. A float `f` means (0, f).
        order: the order of the polynomial, an integer in [1, 6].
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> bias = keras_segaug.ImageOnlyBiasField(0.4)
    >>> images, masks = bias(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(
        self, factor: Range = 0.5, order: int = 3, value_range: ValueRange = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor, 5.0)
        self.order = checks.whole_number(self, "order", order, 1, 6)

    def draw(self, draws):
        strength = draws.uniform(*self.factor)
        terms = illumination.polynomial_terms(self.order)
        drawn = [strength * draws.uniform(-1.0, 1.0) for _ in terms]
        return {"coefficients": ops.stack(drawn, axis=1)}

    def transform_places(self, images, parameters):
        size, value_range = ops.shape(images)[1:3], parameters["value_range"]
        field = illumination.polynomial(parameters["coefficients"], self.order, size)
        return color.clip(illumination.brighten(images, field, value_range[0]), value_range)
