import math
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.core.types import Range
from keras_segaug.kernels import matrices


class JointRandomAffine(JointLayer):
    """Rotation, zoom, shear and translation of image and mask in one layer.

    The image is zoomed, then sheared, then rotated, all about its center, then
    shifted. A `Pipeline` of the single layers costs the same: neighbors share one
    lookup there.

    Args:
        rotation_factor: as `JointRandomRotation`'s `factor`: fractions of a full turn,
            positive is counter-clockwise.
        zoom_height_factor: as `JointRandomZoom`'s `height_factor`; positive zooms out.
        zoom_width_factor: as its `width_factor`; None keeps the aspect.
        translation_height_factor: as `JointRandomTranslation`'s `height_factor`.
        translation_width_factor: as its `width_factor`.
        shear_x_factor: as `JointRandomShear`'s `x_factor`.
        shear_y_factor: as its `y_factor`.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> affine = keras_segaug.JointRandomAffine(rotation_factor=0.1, zoom_height_factor=0.2)
    >>> images, masks = affine(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(images.shape)
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        rotation_factor: Range = 0.0,
        zoom_height_factor: Range = 0.0,
        zoom_width_factor: Range | None = None,
        translation_height_factor: Range = 0.0,
        translation_width_factor: Range = 0.0,
        shear_x_factor: Range = 0.0,
        shear_y_factor: Range = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        signed, zoom = checks.signed_range, checks.zoom_range
        self.rotation_factor = checks.turns(self, "rotation_factor", rotation_factor)
        self.zoom_height_factor = zoom(self, "zoom_height_factor", zoom_height_factor)
        self.zoom_width_factor: Any = zoom_width_factor
        if zoom_width_factor is not None:
            self.zoom_width_factor = zoom(self, "zoom_width_factor", zoom_width_factor)
        self.translation_height_factor = signed(
            self, "translation_height_factor", translation_height_factor
        )
        self.translation_width_factor = signed(
            self, "translation_width_factor", translation_width_factor
        )
        self.shear_x_factor = signed(self, "shear_x_factor", shear_x_factor)
        self.shear_y_factor = signed(self, "shear_y_factor", shear_y_factor)

    def draw(self, draws):
        zoom_height = 1.0 + draws.uniform(*self.zoom_height_factor)
        zoom_width = zoom_height
        if self.zoom_width_factor is not None:
            zoom_width = 1.0 + draws.uniform(*self.zoom_width_factor)
        return {
            "angle": draws.uniform(*self.rotation_factor) * (2.0 * math.pi),
            "zoom_height": zoom_height,
            "zoom_width": zoom_width,
            "translation_height": draws.uniform(*self.translation_height_factor),
            "translation_width": draws.uniform(*self.translation_width_factor),
            "shear_x": draws.uniform(*self.shear_x_factor),
            "shear_y": draws.uniform(*self.shear_y_factor),
        }

    def matrix(self, parameters, size):
        height, width = map(matrices.as_float, size)
        about_center = matrices.compose(
            matrices.scaling(parameters["zoom_height"], parameters["zoom_width"]),
            matrices.shear(parameters["shear_x"], parameters["shear_y"]),
            matrices.rotation(parameters["angle"]),
        )
        shift = matrices.translation(
            -parameters["translation_height"] * height, -parameters["translation_width"] * width
        )
        return matrices.compose(matrices.centered(about_center, size), shift)
