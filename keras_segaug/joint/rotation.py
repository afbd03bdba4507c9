import math
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.core.types import Range
from keras_segaug.kernels import matrices


class JointRandomRotation(JointLayer):
    """Turns image and mask about the center by a random angle.

    Image pixels are blended as `interpolation` says, mask pixels are copied from the nearest one.
    The size stays; what comes in from outside is filled.

    Args:
        factor: a float or a pair (lower, upper), in fractions of a full turn; positive is
            counter-clockwise. A float `f` means (-f, f): 0.1 is -36 to 36 degrees.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> rotation = keras_segaug.JointRandomRotation(0.1, fill_mode="constant", mask_fill_value=255)
    >>> images, masks = rotation(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(masks.dtype)
    'uint8'
    """

    def __init__(self, factor: Range, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = checks.turns(self, "factor", factor)

    def draw(self, draws):
        return {"angle": draws.uniform(*self.factor) * (2.0 * math.pi)}

    def matrix(self, parameters, size):
        return matrices.centered(matrices.rotation(parameters["angle"], len(size)), size)
