"""Where an image is brighter or darker: smooth fields, shapes and grids over its pixels.

Sizes are (height, width); drawn numbers are (B, 1, 1, 1); fields are (B, H, W, 1).
"""

import math
from typing import Any

from keras_segaug.core.backend import ops
from keras_segaug.kernels.fields import pixel_grid
from keras_segaug.kernels.matrices import as_float
from keras_segaug.kernels.xla_cpu.blocks import computed_once

# The exponential of more than 88 is infinite in float32; this one can still be multiplied.
_MOST = 80.0


def toward(images, value, share):
    """The images moved by a share of the way toward a value: exactly themselves where it is 0."""
    return images + share * (value - images)


def brighten(images, exponent, low):
    """Scales what lies above the lowest value by exp(exponent): exactly unchanged where it is 0."""
    return images + ops.expm1(ops.minimum(exponent, _MOST)) * (images - low)


def polynomial_terms(order):
    """The powers (of y, of x) of all terms up to an order, except the constant one."""
    return [(i, n - i) for n in range(1, order + 1) for i in range(n + 1)]


def polynomial(coefficients, order, size):
    """A polynomial of y and x, which run from -1 to 1 over the image: (B, H, W, 1).

    Args:
        coefficients: (B, N), one for each of `polynomial_terms(order)`.
        order: the highest sum of powers.
        size: (height, width).
    """
    y, x = (2.0 * place - 1.0 for place in _shares(size))
    factors = dict(zip(polynomial_terms(order), _columns(coefficients), strict=True))
    result: Any = 0.0
    # Horner's scheme along x, whose coefficients are polynomials of y: one for each row.
    for power in reversed(range(order + 1)):
        of_row = 0.0
        for i in reversed(range(order - power + 1)):
            of_row = of_row * y + factors.get((i, power), 0.0)
        result = result * x + of_row
    return result[..., None]


def falloff(corner, size):
    """The law of the fourth power of the cosine: 1 in the middle, 1 - corner in the corners.

    A lens lights a point whose ray makes an angle a with its axis by cos(a)^4, which is
    1 / (1 + tan(a)^2)^2. The tangent is the distance from the middle divided by the focal length.
    """
    y, x = pixel_grid(size)
    height, width = map(as_float, size)
    y, x = y - (height - 1.0) / 2.0, x - (width - 1.0) / 2.0
    farthest = ((height - 1.0) * (height - 1.0) + (width - 1.0) * (width - 1.0)) / 4.0
    # In an image of one pixel the corner is the middle.
    square = ((y * y + x * x) / ops.maximum(farthest, 1e-6))[..., None]
    root = ops.sqrt(ops.maximum(1.0 - corner, 1e-12))
    gain = root / (root + square * (1.0 - root))
    return gain * gain


def polygon(parameters, softness, size):
    """How far each pixel lies inside a convex polygon: (B, H, W, 1), 0 outside, 1 well inside.

    Args:
        parameters: "top" and "left", the middle, and "tall" and "wide", the radii of the ellipse
            on which the corners lie, as shares of the image's sides, (B, 1, 1, 1); "gaps_between"
            (B, N), the relative angles between the corners, and "turn", where they begin.
        softness: how wide the edge is, as a share of the image's shorter side; at least a pixel.
        size: (height, width).
    """
    height, width = map(as_float, size)
    corners = _corners(parameters, height, width)
    y, x = pixel_grid(size)
    inside = None
    for a, b in zip(corners, [*corners[1:], corners[0]], strict=True):
        along = [q - p for p, q in zip(a, b, strict=True)]
        length = ops.sqrt(ops.maximum(along[0] * along[0] + along[1] * along[1], 1e-6))
        distance = ((y - a[0]) * along[1] - (x - a[1]) * along[0]) / length
        inside = distance if inside is None else ops.minimum(inside, distance)
    edge = ops.maximum(softness * ops.minimum(height, width), 1.0)
    return ops.clip(inside / edge + 0.5, 0.0, 1.0)[..., None]


def _corners(parameters, height, width):
    """The corners (y, x), (B, 1, 1) each, one after the other in one direction."""
    gaps = _columns(parameters["gaps_between"])
    middle, radii = (
        [ops.reshape(parameters[name], (-1, 1, 1)) * n for name, n in pairs]
        for pairs in ((("top", height), ("left", width)), (("tall", height), ("wide", width)))
    )
    turn, corners = 2.0 * math.pi * ops.reshape(parameters["turn"], (-1, 1, 1)), []
    step = 2.0 * math.pi / sum(gaps)
    for gap in gaps:
        corners += [middle[0] - radii[0] * ops.cos(turn), middle[1] + radii[1] * ops.sin(turn)]
        turn = turn + gap * step
    found = _written(corners)
    return list(zip(found[::2], found[1::2], strict=True))


@computed_once
def _written(values):
    return values


def squares(cell, ratio, shift, size):
    """Which pixels (B, H, W) lie in the squares of a grid.

    Args:
        cell: (B, 1, 1, 1), the side of a cell as a share of the image's shorter side.
        ratio: the side of the square in it as a share of the cell's, a number.
        shift: by how much the grid is moved down and to the right, as shares of a cell,
            (B, 1, 1, 1) each.
        size: (height, width).
    """
    shorter = ops.minimum(*map(as_float, size))
    side = ops.maximum(ops.floor(ops.reshape(cell, (-1, 1, 1)) * shorter + 0.5), 2.0)
    filled = ops.floor(side * ratio + 0.5)
    held = []
    for place, moved in zip(pixel_grid(size), shift, strict=True):
        start = ops.floor(ops.reshape(moved, (-1, 1, 1)) * side)
        # Half a pixel more, so that the last bit of a float does not decide.
        cells = ops.floor((place + start + 0.5) / side)
        held.append(place + start - cells * side < filled - 0.5)
    return held[0] & held[1]


def _columns(values):
    """The columns of (B, N), each (B, 1, 1).

    Not `values[:, i, None, None]`: if the columns were stacked, TensorFlow's graph optimizer,
    which every dataset runs through, replaces that with the number that was stacked, and loses the
    new axes.
    """
    return [ops.reshape(values[:, i], (-1, 1, 1)) for i in range(values.shape[1])]


def _shares(size):
    """The place of every pixel as a share of the image: (1, H, 1), (1, 1, W)."""
    return [(p + 0.5) / as_float(n) for p, n in zip(pixel_grid(size), size, strict=True)]
