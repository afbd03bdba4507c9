"""Windows of the input that fill a part of the output, resized.

A size or a place has one entry for each axis: a number, a traced number, or a tensor (B,).
"""

from typing import Any, NamedTuple

from keras_segaug.core.backend import ops
from keras_segaug.kernels import matrices
from keras_segaug.kernels.values import Value

# Farther than any image is wide, whatever maps are composed after it.
FAR = 1e6

# Points this near to the middle between two pixels are taken to lie on it.
_TIE = 1.0 / 4096.0


class Window(NamedTuple):
    """A rectangle of whole pixels."""

    start: tuple
    size: tuple


class Confined(Value):
    """A matrix whose points inside the edges of a window look only at the window's pixels.

    As if the window had been cut out first. The outermost points of an enlarged window lie up to
    half a pixel beyond the centers of its outermost pixels; a lookup would blend them with what is
    next to the window.

    Args:
        matrix: from output to input.
        window: a `Window` of the input; None: the whole input, and only ties are settled.
        separate: are points outside the window to be filled, whatever lies there? They are sent
            far away, so that the fill does not blend into the edge.
    """

    matrix: Any
    window: Window | None
    separate: bool = False

    def move(self, grid):
        """Confines points that the matrix has moved."""
        if self.window is None:
            return tuple(map(settled, grid))
        triples = zip(grid, *self.window, strict=True)
        return tuple(_confined(x, start, n, self.separate) for x, start, n in triples)


def stretched(window, shown):
    """The matrix with which `window` of the input fills `shown` of the output.

    Pixels are areas: the outer edges of both coincide, as in `tf.image.resize`.
    """
    scale = [a / b for a, b in zip(window.size, shown.size, strict=True)]
    return matrices.compose(
        matrices.translation(*[start - 0.5 for start in window.start]),
        matrices.scaling(*scale),
        matrices.translation(*[0.5 - start for start in shown.start]),
    )


def _confined(position, start, size, separate):
    start, size = (_per_sample(x, len(position.shape)) for x in (start, size))
    position = settled(position)
    before, after = position < start - 0.5, position >= start + size - 0.5
    inside = ops.clip(position, start, start + size - 1.0)
    if separate:
        return ops.where(before, -FAR, ops.where(after, FAR, inside))
    return ops.where(before | after, position, inside)


def settled(position):
    """Positions, with those that are almost midway between two pixels moved exactly midway.

    Resizing puts many points there: the last bit of a float, which depends on how the program was
    compiled, must not choose the label.
    """
    middle = ops.floor(position) + 0.5
    return ops.where(ops.abs(position - middle) < _TIE, middle, position)


def _per_sample(value, rank):
    return (
        ops.reshape(value, (-1, *[1] * (rank - 1))) if len(getattr(value, "shape", ())) else value
    )


def offset(fraction, size, window):
    """The first pixel of a random window, from a fraction in [0, 1) of the free room.

    Below 0 where the image is smaller than the window, which then lies about its middle.
    """
    room = matrices.as_float(size) - window
    return ops.where(room > 0.0, ops.floor(fraction * (room + 1.0)), middle(size, window))


def middle(size, window):
    """The first pixel of the window in the middle."""
    return ops.floor((matrices.as_float(size) - window) / 2.0)


def rounded(number):
    """To the nearest whole number, at least 1."""
    if isinstance(number, float):
        return float(max(int(number + 0.5), 1))
    return ops.maximum(ops.floor(number + 0.5), 1.0)


def whole_image(size):
    return Window((0.0,) * len(size), tuple(matrices.as_float(n) for n in size))


def central_window_of_aspect(whole, size):
    """The largest window in the middle of an image with the aspect of (height, width)."""
    (tall, wide), (height, width) = whole.size, size
    return centered_window(
        whole,
        (
            least(rounded(wide * (height / width)), tall),
            least(rounded(tall * (width / height)), wide),
        ),
    )


def centered_window(whole, size):
    start = tuple(_floor((a - b) / 2.0) for a, b in zip(whole.size, size, strict=True))
    return Window(start, tuple(size))


def least(a, b):
    both = isinstance(a, float) and isinstance(b, float)
    return min(a, b) if both else ops.minimum(a, b)


def _floor(number):
    return float(number // 1) if isinstance(number, float) else ops.floor(number)
