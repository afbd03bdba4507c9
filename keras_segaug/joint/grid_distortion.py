from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.core.types import Range
from keras_segaug.kernels import fields


class JointRandomGridDistortion(JointLayer):
    """Stretches some bands of image and mask and squeezes others, along each axis.

    The image is cut into a grid of equal cells, which show cells of random width and height; rows
    and columns are drawn independently, and separately for each sample. Nothing is cut off or
    filled: the image's edges stay. The image is interpolated, the mask takes the nearest pixel.

    Args:
        num_steps: the number of cells along each axis.
        factor: in [0, 1): the share of the image that a cell shows is 1 + uniform(-factor,
            factor) times its own, then scaled so that all shares sum to 1.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> distortion = keras_segaug.JointRandomGridDistortion(num_steps=5, factor=0.3)
    >>> images, masks = distortion(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8)
    """

    def __init__(self, num_steps: int = 5, factor: Range = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_steps = checks.positive_integer(self, "num_steps", num_steps)
        self.factor = checks.number(self, "factor", factor, 0.0, 0.99)

    def draw(self, draws):
        low, high = 1.0 - self.factor, 1.0 + self.factor
        drawn = {
            axis: draws.uniform_grid(1, self.num_steps, low, high)[:, 0]
            for axis in ("widths", "heights")
        }
        return {axis: v / ops.sum(v, axis=1, keepdims=True) for axis, v in drawn.items()}

    def displacement(self, parameters, size):
        return fields.Stepped((parameters["heights"], parameters["widths"]), size)
