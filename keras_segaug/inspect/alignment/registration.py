"""Finds where image and mask of a result fit best, whatever happened to the colors.

An aligned image is some function of its labels' levels, plus slow variations. How much of the image
this explains (the correlation ratio: Roche et al., MICCAI 1998, "The correlation ratio as a new
similarity measure for multimodal image registration") is computed for the mask as it is and shifted
by a few pixels: the best fit must be without a shift. Which function it is does not matter, so
brightness, contrast, gamma, hue, noise and the like need not be known.
"""

from dataclasses import dataclass

import numpy as np

_REACH = 2
_MARGIN = 8
# Rounding makes up to half a pixel, and the estimate may be off by a quarter.
_ROUNDING = 0.75
SHIFTS = [(y, x) for y in range(-_REACH, _REACH + 1) for x in range(-_REACH, _REACH + 1)]


@dataclass
class Registration:
    """How image and mask fit.

    Attributes:
        state: "aligned", "shifted" (the best fit is elsewhere), "unrelated" (none fits, though
            the image has structure) or "unreadable" (it has none, or the fit is too flat to
            tell a shift).
        offset: (rows, columns) by which the mask is shifted from the image.
        fit: share of the image that the mask explains, without a shift.
    """

    state: str
    offset: tuple
    fit: float


def register(image, levels, count):
    """Compares an image (H, W, C) with levels (H, W) in 0 .. count - 1; -1 is filled.

    Args:
        image: numbers of any range.
        levels: the level of the texture that each pixel's label stands for.
        count: how many levels there are.
    """
    height, width = levels.shape
    if min(height, width) < 4 * _MARGIN:
        return Registration("unreadable", (0.0, 0.0), 0.0)
    image = image.reshape(height, width, -1).astype("float64")
    far = [(dy, dx) for dy in (-8, -6, 6, 8) for dx in (-8, -6, 6, 8)]
    inner = (slice(_MARGIN, height - _MARGIN), slice(_MARGIN, width - _MARGIN))
    # A filled region and its rim say nothing about a shift.
    where = ~_widened(levels < 0, _REACH + 1)[inner]
    if where.mean() < 0.1 or len(np.unique(levels[inner][where])) < 2:
        return Registration("unreadable", (0.0, 0.0), 0.0)
    slow = _slow_terms(*where.shape)[where]
    pixels = image[inner][where]
    left = pixels - slow @ np.linalg.lstsq(slow, pixels, rcond=None)[0]
    energy = (left**2).sum(0)
    used = energy > 3e-4 * max((pixels.std(0) ** 2).max(), 1e-12) * len(pixels)
    if not used.any():
        return Registration("unreadable", (0.0, 0.0), 0.0)
    left, energy = left[:, used], energy[used]
    groups = (levels[..., None] == np.arange(-1, count)).astype("float64")
    fits = {
        shift: _explained(left, energy, slow, _shifted(groups, shift)[where])
        for shift in [*SHIFTS, *far]
    }
    near = max(SHIFTS, key=lambda shift: fits[shift].max())
    channel = int(fits[near].argmax())
    curve = {shift: float(value[channel]) for shift, value in fits.items()}
    by_chance = [curve[shift] for shift in far]
    chance = max(max(fits[shift].max() for shift in far), 0.0)
    offset, fit = _peak(curve, near), curve[0, 0]
    smooth = _smoothness(left, where)
    if curve[near] < chance + 0.02 + 0.1 * (1 - chance) * smooth:
        return Registration("unrelated" if _has_texture(image) else "unreadable", offset, fit)
    if max(map(abs, offset)) <= _ROUNDING:
        return Registration("aligned", offset, fit)
    gain = curve[near] - fit
    sure = (curve[near] > 0.4 and gain > 0.03) or gain > 2 * np.std(by_chance)
    return Registration("shifted" if sure else "unreadable", offset, fit)


def _slow_terms(height, width):
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    powers = [(i, j) for i in range(4) for j in range(4 - i)]
    return np.stack([y**i * x**j for i, j in powers], -1)


def _shifted(groups, shift):
    height, width, _ = groups.shape
    rows = slice(_MARGIN + shift[0], height - _MARGIN + shift[0])
    columns = slice(_MARGIN + shift[1], width - _MARGIN + shift[1])
    return groups[rows, columns]


def _explained(left, energy, slow, groups):
    """The share of each channel's energy that the groups explain beyond the slow terms."""
    both = groups.T @ np.concatenate([slow, left], -1)
    across, right = both[:, : slow.shape[1]], both[:, slow.shape[1] :]
    # The normal equations; no pixel is in two groups, and the slow terms were removed from `left`.
    square = np.block([[slow.T @ slow, across.T], [across, np.diag(groups.sum(0))]])
    right = np.concatenate([np.zeros((slow.shape[1], right.shape[1])), right])
    found = np.linalg.lstsq(square, right, rcond=1e-10)[0]
    return (found * right).sum(0) / energy


def _peak(curve, near):
    """The place of the maximum, to a fraction of a pixel, by a parabola along each axis."""
    offset = []
    for axis in (0, 1):
        step = (1, 0) if axis == 0 else (0, 1)
        sides = [tuple(n + sign * s for n, s in zip(near, step, strict=True)) for sign in (-1, 1)]
        if not all(side in curve for side in sides):
            offset.append(float(near[axis]))
            continue
        low, high = (curve[side] for side in sides)
        bend = 2 * curve[near] - low - high
        offset.append(near[axis] + (0.5 * (high - low) / bend if bend > 1e-9 else 0.0))
    # A mask that must be shifted up to fit lies below its image.
    return tuple(-value for value in offset)


def _has_texture(image):
    """Does the image still hold waves? Ramps have no curvature, and that of noise is not smooth."""
    far = 3
    inner = image[far:-far, far:-far]
    curved = 4 * inner - image[: -2 * far, far:-far] - image[2 * far :, far:-far]
    curved -= image[far:-far, : -2 * far] + image[far:-far, 2 * far :]
    strong = np.median(np.abs(curved), (0, 1)) > 0.1 * inner.std((0, 1))
    smooth = _neighbors(curved - curved.mean((0, 1))) > 0.6
    return bool((strong & smooth).any())


def _smoothness(left, where):
    """How smooth the remainder of the smoothest channel is."""
    field = np.zeros((*where.shape, left.shape[-1]))
    field[where] = left
    return float(_neighbors(field).max())


def _neighbors(field):
    """The correlation of neighbors by channel: near 0 for noise, near 1 for the texture."""
    total = np.maximum((field**2).sum((0, 1)), 1e-12)
    down = (field[1:] * field[:-1]).sum((0, 1)) / total
    right = (field[:, 1:] * field[:, :-1]).sum((0, 1)) / total
    return np.minimum(down, right)


def _widened(where, reach):
    """A region (H, W) grown by some pixels on every side."""
    height, width = where.shape
    padded = np.pad(where, reach)
    steps = range(2 * reach + 1)
    moved = [padded[y : y + height, x : x + width] for y in steps for x in steps]
    return np.any(moved, 0)
