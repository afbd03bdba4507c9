"""Windows of the input that fill a part of the output, resized."""

from typing import Any, NamedTuple

from keras_segaug.core.backend import ops
from keras_segaug.engine.sampling_grid import Points
from keras_segaug.kernels import matrices

# Farther than any picture is wide, whatever is composed after it.
_FAR = 1e6

# Points this near to the middle between two pixels are taken to lie on it.
_TIE = 1.0 / 4096.0


class Window(NamedTuple):
    """A rectangle of whole pixels; each entry a number, a traced size, or a tensor (B,)."""

    top: Any
    left: Any
    height: Any
    width: Any


def stretched(window, shown):
    """The matrix with which `window` of the input fills `shown` of the output.

    Pixels are areas: the outer edges of both coincide, as in `tf.image.resize`.
    """
    return matrices.compose(
        matrices.translation(window.left - 0.5, window.top - 0.5),
        matrices.scaling(window.width / shown.width, window.height / shown.height),
        matrices.translation(0.5 - shown.left, 0.5 - shown.top),
    )


def confined(points, window, apart):
    """Points inside the edges of a window look at its pixels only, as if it were cut out first.

    The outermost points of an enlarged window lie up to half a pixel beyond the centres of its
    outermost pixels; a lookup would blend with what is next to it.

    Args:
        points: `Points` of the input.
        window: a `Window` of the input.
        apart: are points outside the window to be filled, whatever lies there? They are
            sent far away, so that the fill does not blend into the edge.

    Returns:
        `Points`.
    """
    columns, rows = points.grid()
    columns = _confined(columns, window.left, window.width, apart)
    rows = _confined(rows, window.top, window.height, apart)
    return Points(points.height, points.width, grid=(columns, rows))


def _confined(position, start, size, apart):
    start, size = (_per_sample(x) for x in (start, size))
    # Resizing puts many points just between two pixels: there the last bit of a float, which
    # depends on how the program was compiled, must not choose the label.
    middle = ops.floor(position) + 0.5
    position = ops.where(ops.abs(position - middle) < _TIE, middle, position)
    before, behind = position < start - 0.5, position >= start + size - 0.5
    inside = ops.clip(position, start, start + size - 1.0)
    if apart:
        return ops.where(before, -_FAR, ops.where(behind, _FAR, inside))
    return ops.where(before | behind, position, inside)


def _per_sample(value):
    return ops.reshape(value, (-1, 1, 1)) if len(getattr(value, "shape", ())) else value


def lookup_inside(interpolation):
    """`JointLayer.lookup` for points that all lie inside the picture.

    Any border will do, but for a cubic, whose outer taps lie beyond.
    """
    return interpolation, "reflect" if interpolation == "bicubic" else None, None, None


def offset(fraction, size, window):
    """The first pixel of a random window, from a fraction in [0, 1) of the free room.

    Below 0 where the picture is smaller than the window, which lies about its middle then.
    """
    room = matrices.as_float(size) - window
    return ops.where(room > 0.0, ops.floor(fraction * (room + 1.0)), ops.floor(room / 2.0))


def rounded(number):
    """To the nearest whole number, at least 1."""
    if isinstance(number, float):
        return float(max(int(number + 0.5), 1))
    return ops.maximum(ops.floor(number + 0.5), 1.0)


def whole_picture(height, width):
    return Window(0.0, 0.0, matrices.as_float(height), matrices.as_float(width))


def central_window_of_aspect(whole, height, width):
    """The largest window in the middle of a picture with the aspect of height x width."""
    return centred_window(
        whole,
        least(rounded(whole.width * (height / width)), whole.height),
        least(rounded(whole.height * (width / height)), whole.width),
    )


def centred_window(whole, height, width):
    top, left = _floor((whole.height - height) / 2.0), _floor((whole.width - width) / 2.0)
    return Window(top, left, height, width)


def least(a, b):
    both = isinstance(a, float) and isinstance(b, float)
    return min(a, b) if both else ops.minimum(a, b)


def _floor(number):
    return float(number // 1) if isinstance(number, float) else ops.floor(number)
