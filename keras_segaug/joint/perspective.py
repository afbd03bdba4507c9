from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.kernels import matrices

CORNERS = ("top_left", "top_right", "bottom_right", "bottom_left")


class JointRandomPerspective(JointLayer):
    """Looks at image and mask from a random direction: straight lines stay straight.

    Every corner of the result shows a point of the image that lies up to `scale / 2` of its width
    and height away from the image's own corner, drawn separately for each corner and axis. The
    projective map through four points is that of Heckbert ("Fundamentals of texture mapping and
    image warping", 1989, section 2.2.3). The image is interpolated, the mask takes the nearest
    pixel.

    Args:
        scale: a number in [0, 0.5], as in `keras.layers.RandomPerspective`, which never moves the
            top left corner. Beyond 0.5 the corners could form a folded shape.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> perspective = keras_segaug.JointRandomPerspective(scale=0.3)
    >>> images, masks = perspective(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8)
    """

    def __init__(self, *, scale: float = 0.2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = checks.number(self, "scale", scale, 0.0, 0.5)

    def draw(self, draws):
        reach = self.scale / 2.0
        axes = [f"{corner}_{axis}" for corner in CORNERS for axis in "xy"]
        return {axis: draws.uniform(-reach, reach) for axis in axes}

    def matrix(self, parameters, size):
        height, width = map(matrices.as_float, size)
        # The outer edges of the image, half a pixel beyond the outermost centers, are 0 and 1.
        to_unit = matrices.compose(
            matrices.scaling(1.0 / height, 1.0 / width), matrices.translation(0.5, 0.5)
        )
        own = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        corners = [
            (x + parameters[f"{corner}_x"], y + parameters[f"{corner}_y"])
            for corner, (x, y) in zip(CORNERS, own, strict=True)
        ]
        return matrices.compose(
            matrices.translation(-0.5, -0.5),
            matrices.scaling(height, width),
            matrices.from_unit_square(*corners),
            to_unit,
        )
