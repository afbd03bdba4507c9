from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.core.types import Range
from keras_segaug.kernels import matrices


class JointRandomTranslation(JointLayer):
    """Shifts image and mask.

    Args:
        height_factor: a float or a pair (lower, upper) in [-1, 1], in fractions of the
            height; positive shifts down. A float `f` means (-f, f).
        width_factor: the same along the width; positive shifts right.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> shift = keras_segaug.JointRandomTranslation(0.1, 0.1)
    >>> images, masks = shift(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(images.shape)
    (2, 8, 8, 3)
    """

    def __init__(self, height_factor: Range, width_factor: Range, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height_factor = checks.signed_range(self, "height_factor", height_factor)
        self.width_factor = checks.signed_range(self, "width_factor", width_factor)

    def draw(self, draws):
        return {
            "height": draws.uniform(*self.height_factor),
            "width": draws.uniform(*self.width_factor),
        }

    def matrix(self, parameters, size):
        height, width = map(matrices.as_float, size)
        return matrices.translation(-parameters["height"] * height, -parameters["width"] * width)
