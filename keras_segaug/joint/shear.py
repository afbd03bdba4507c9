from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.core.types import Range
from keras_segaug.kernels import matrices


class JointRandomShear(JointLayer):
    """Slants image and mask about the center.

    The center stays where it is (`keras.layers.RandomShear` is anchored at the top
    left corner, so it also shifts).

    Args:
        x_factor: a float or a pair (lower, upper) in [-1, 1]: the tangent of the angle. An output
            pixel shows the point further along x by x_factor times its height above or below the
            center. A float `f` means (-f, f).
        y_factor: the same along y. A pair is the range itself, for both factors: (0.2, 0.2) is
            always 0.2, whereas `keras.layers.RandomShear` also draws a sign.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> shear = keras_segaug.JointRandomShear(x_factor=0.2)
    >>> images, masks = shear(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(images.shape)
    (2, 8, 8, 3)
    """

    def __init__(self, x_factor: Range = 0.0, y_factor: Range = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.x_factor = checks.signed_range(self, "x_factor", x_factor)
        self.y_factor = checks.signed_range(self, "y_factor", y_factor)

    def draw(self, draws):
        return {"x": draws.uniform(*self.x_factor), "y": draws.uniform(*self.y_factor)}

    def matrix(self, parameters, size):
        return matrices.centered(matrices.shear(parameters["x"], parameters["y"]), size)
