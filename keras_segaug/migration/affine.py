import math
import numbers

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.kernels import matrices
from keras_segaug.kernels.matrices import Matrix


class LegacyAffine(JointLayer):
    """The rotation, shift, shear and zoom of `ImageDataGenerator`, in its units and its order.

    An output pixel shows the point at `rotation @ shift @ shear @ zoom` of its own position, about
    the center of the image. Directions are the documented ones: height shifts move up and down, and
    rotation turns about the middle, in both directions.

    Args:
        rotation_range: degrees; the angle is uniform in (-r, r).
        height_shift_range: a float `f`: uniform in (-f, f); below 1 in fractions of the height,
            else in pixels. An integer `n`: one of 0 .. n - 1 pixels, up or down. A list: one of
            its entries, up or down; in fractions of the height where all are below 1.
        width_shift_range: the same along the width.
        shear_range: degrees; the angle is uniform in (-r, r). Rows slide by its sine, and the
            height shrinks by its cosine.
        zoom_range: a pair (lower, upper); height and width are drawn separately. Above 1 zooms out.
        **kwargs: see `JointLayer` and `AugmentationLayer`.
    """

    def __init__(
        self,
        rotation_range=0.0,
        height_shift_range=0.0,
        width_shift_range=0.0,
        shear_range=0.0,
        zoom_range=(1.0, 1.0),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.rotation_range = checks.number(self, "rotation_range", rotation_range)
        self.height_shift_range = shift_range(self, "height_shift_range", height_shift_range)
        self.width_shift_range = shift_range(self, "width_shift_range", width_shift_range)
        self.shear_range = checks.number(self, "shear_range", shear_range)
        self.zoom_range = checks.bounds(self, "zoom_range", zoom_range, -math.inf, math.inf)

    def draw(self, draws):
        return {
            "angle": _radians(draws, self.rotation_range),
            "height_shift": _shift(draws, self.height_shift_range),
            "width_shift": _shift(draws, self.width_shift_range),
            "shear": _radians(draws, self.shear_range),
            "zoom_height": draws.uniform(*self.zoom_range),
            "zoom_width": draws.uniform(*self.zoom_range),
        }

    def matrix(self, parameters, size):
        height, width = size
        y = _pixels(parameters["height_shift"], self.height_shift_range, height)
        x = _pixels(parameters["width_shift"], self.width_shift_range, width)
        sine, cosine = ops.sin(parameters["shear"]), ops.cos(parameters["shear"])
        product = matrices.compose(
            matrices.rotation(parameters["angle"]),
            matrices.translation(y, x),
            Matrix(((cosine, 0.0, 0.0), (-sine, 1.0, 0.0), (0.0, 0.0, 1.0))),
            matrices.scaling(parameters["zoom_height"], parameters["zoom_width"]),
        )
        return matrices.centered(product, size)


def shift_range(owner, argument, value):
    """A float, an integer, or a tuple of numbers: each kind has its own meaning."""
    accepted = "a number of at least 0, or a list of numbers"
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (tuple, list)):
        if not all(map(checks.is_number, value)):
            checks.fail(owner, argument, accepted, value)
        return tuple(value) or 0.0
    if not checks.is_number(value) or value < 0:
        checks.fail(owner, argument, accepted, value)
    return int(value) if isinstance(value, numbers.Integral) else float(value)


def is_fraction(value):
    """Is this shift in fractions of the image, not in pixels?"""
    return max(value if isinstance(value, tuple) else (value,)) < 1


def _radians(draws, degrees):
    return draws.uniform(-degrees, degrees) * (math.pi / 180.0)


def _shift(draws, value):
    if isinstance(value, float):
        return draws.uniform(-value, value)
    if isinstance(value, int):
        steps = ops.cast(draws.integer(max(value, 1)), "float32")
    else:
        choices = ops.convert_to_tensor([float(entry) for entry in value], dtype="float32")
        steps = ops.take(choices, draws.integer(len(value)))
    return steps * draws.sign()


def _pixels(drawn, value, size):
    return drawn * matrices.as_float(size) if is_fraction(value) else drawn
