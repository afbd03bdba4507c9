from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.core.types import Range
from keras_segaug.kernels import matrices


class JointRandomZoom(JointLayer):
    """Zooms image and mask about the center.

    Args:
        height_factor: a float or a pair (lower, upper), above -1 and at most 1. Positive
            zooms out, negative zooms in: an image shows 1 + factor of its height. A float
            `f` means (-f, f).
        width_factor: the same for the width; None takes the draw for the height, which
            keeps the aspect.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> zoom = keras_segaug.JointRandomZoom((-0.5, -0.1))
    >>> images, masks = zoom(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(images.shape)
    (2, 8, 8, 3)
    """

    def __init__(
        self, height_factor: Range, width_factor: Range | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.height_factor = checks.zoom_range(self, "height_factor", height_factor)
        self.width_factor: Any = width_factor
        if width_factor is not None:
            self.width_factor = checks.zoom_range(self, "width_factor", width_factor)

    def draw(self, draws):
        height = 1.0 + draws.uniform(*self.height_factor)
        if self.width_factor is None:
            return {"height": height, "width": height}
        return {"height": height, "width": 1.0 + draws.uniform(*self.width_factor)}

    def matrix(self, parameters, size):
        scaling = matrices.scaling(parameters["height"], parameters["width"])
        return matrices.centered(scaling, size)
