from typing import Any, cast

from keras_segaug import checks
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.core.types import Range
from keras_segaug.kernels import fields


class JointRandomLensDistortion(JointLayer):
    """Bends straight lines of image and mask as a lens does: barrel and pincushion.

    A pixel at distance r from the center, with r = 1 in the corners, shows the point at
    r (1 + factor r^2): Brown's model with only its first coefficient ("Decentering distortion of
    lenses", Photogrammetric Engineering 32, 1966). The image is interpolated, the mask takes the
    nearest pixel.

    Args:
        factor: a float or a pair (lower, upper) in (-1/3, 1]. Positive bends lines outwards
            (barrel, the image shrinks towards its corners), negative inwards (pincushion);
            at -1/3 the corners would fold. A float `f` means (-f, f).
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> lens = keras_segaug.JointRandomLensDistortion(0.2)
    >>> images, masks = lens(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8)
    """

    def __init__(self, factor: Range = 0.2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if checks.is_number(factor) and abs(cast(float, factor)) > 0.33:
            accepted = "a number in [-0.33, 0.33], or a pair (lower, upper) in [-0.33, 1]"
            checks.fail(self, "factor", accepted, factor)
        self.factor = checks.signed_range(self, "factor", factor, -0.33, 1.0)

    def draw(self, draws):
        return {"factor": draws.uniform(*self.factor)}

    def displacement(self, parameters, size):
        separate = self.fill_mode == "constant"
        return fields.Radial(parameters["factor"], size, separate)
