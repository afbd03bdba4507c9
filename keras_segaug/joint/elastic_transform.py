import math
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.core.types import Range
from keras_segaug.kernels import fields


class JointRandomElasticTransform(JointLayer):
    """Bends image and mask smoothly, as if printed on rubber.

    Every point is moved along x and along y by two independent random fields, each a cubic B-spline
    surface through a coarse grid of uniform random values, drawn once for image and mask,
    separately for each sample. The image is interpolated, the mask takes the nearest pixel. Nothing
    ever folds over or tears: strengths at which it could are refused, by the condition of Choi and
    Lee ("Injectivity conditions of 2D and 3D uniform cubic B-spline functions", Graphical Models
    62, 2000).

    (`keras.layers.RandomElasticTransform` draws anew for the mask, which breaks the pair.)

    Args:
        strength: how far points move: the root mean square of the displacement along each axis, in
            fractions of the width (along x) and of the height (along y). From a pair (lower, upper)
            each sample draws uniformly.
        smoothness: the distance over which neighbors move alike: where the correlation of the
            displacements falls to 1 / e, in fractions of the width and height, from 0.02 to 1.
            `strength` may be at most 0.094 times this.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> elastic = keras_segaug.JointRandomElasticTransform(strength=0.02, smoothness=0.25)
    >>> images, masks = elastic(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8)
    """

    def __init__(self, *, strength: Range = 0.02, smoothness: float = 0.25, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.smoothness = checks.number(self, "smoothness", smoothness, 0.02, 1.0)
        pair = (strength, strength) if checks.is_number(strength) else strength
        self.strength = checks.bounds(self, "strength", pair, 0.0, 1.0)
        self._cells = fields.SPLINE_CORRELATION / self.smoothness
        # Control values are uniform in -reach .. reach times the strength.
        self._reach = math.sqrt(3.0) / fields.SPLINE_DEVIATION
        most = fields.SPLINE_NO_FOLD / self._cells / self._reach
        if self.strength[1] > most:
            accepted = (
                f"at most {most:.4f} for smoothness={self.smoothness:g}, beyond which the image "
                "could fold (a larger smoothness allows more)"
            )
            checks.fail(self, "strength", accepted, strength)

    def draw(self, draws):
        side = math.ceil(self._cells) + 3
        strength = draws.uniform(*self.strength)[:, None, None] * self._reach
        return {
            axis: strength * draws.uniform_grid(side, side, -1.0, 1.0)
            for axis in ("control_x", "control_y")
        }

    def displacement(self, parameters, size):
        controls = parameters["control_y"], parameters["control_x"]
        return fields.SplineDisplacement(controls, self._cells, size)
