"""Reads where each pixel of a result came from, if its colors were kept."""

from dataclasses import dataclass

import numpy as np

from keras_segaug.inspect.alignment.probe import MIDDLE

# Of 255: how far green may be from the value that red and blue predict.
_CHECK = 9.0
# The largest root mean square of that error if the colors were kept. Interpolation and rounding
# give 1 to 2; a brightness changed by one level would give 3, since it moves red and blue by a
# quarter of a pixel in an image 64 wide. Colors that fit by chance give 5.
_KEPT = 2.6
# How many different rows and columns must be seen, if the result has as many.
_PLACES = 5
# With more than `_SMALLER` input pixels per result pixel, an image is a smaller one, whose pixels
# may be averages. Then `_ENOUGH` pixels are needed to estimate how much each wave of green is
# damped.
_SMALLER, _ENOUGH = 1.05, 24


@dataclass
class Reading:
    """The source of every pixel, where it could be read.

    Attributes:
        rows, columns: (H, W) float, the place in the input.
        readable: (H, W) bool; False where the pixel is filled, erased, or blended across a seam.
        whole: (H, W) bool; readable, and far enough from the edge of the input: near it, an average
            over a pixel of the result misses a part, and lies further inside.
    """

    rows: np.ndarray
    columns: np.ndarray
    readable: np.ndarray
    whole: np.ndarray


def read(image, probe):
    """A `Reading` of an image in units of 0 .. 255, or None if its colors were changed."""
    if image.ndim != 3 or image.shape[-1] != 3 or min(image.shape[:2]) < 3:
        return None
    image = image.astype("float64")
    rows = image[..., 0] * ((probe.height - 1) / 255.0)
    columns = image[..., 2] * ((probe.width - 1) / 255.0)
    inside = (np.abs(rows * 2 - probe.height + 1) <= probe.height) & (
        np.abs(columns * 2 - probe.width + 1) <= probe.width
    )
    whole = (
        inside & _far_from_the_edge(rows, probe.height) & _far_from_the_edge(columns, probe.width)
    )
    smooth = _steady(rows, columns)
    green = probe.texture(rows, columns)
    steady = _fitting(image[..., 1] - green, inside, smooth)
    if steady is None:
        green = _damped(image[..., 1], probe, rows, columns, whole & smooth)
        steady = None if green is None else _fitting(image[..., 1] - green, whole, smooth)
    # An image with few colors (say, posterized) shows few places, and those may fit by chance.
    if steady is None or any(
        _distinct(x[steady]) < min(_PLACES, *x.shape) for x in (rows, columns)
    ):
        return None
    return Reading(rows, columns, steady, steady & whole)


def _fitting(error, where, smooth):
    """Where green is what red and blue predict; None if the colors were changed."""
    steady = where & smooth & (np.abs(error) < _CHECK)
    # Changed colors fit by chance in about one pixel of five, and then badly.
    if steady.mean() < 0.05 or np.sqrt(np.mean(error[steady] ** 2)) > _KEPT:
        return None
    return steady


def _scale(places):
    """How many input pixels make one result pixel, along the axis of these places."""
    steps = [np.median(np.abs(np.diff(places, axis=axis))) for axis in (0, 1)]
    return float(np.hypot(*steps))


def _far_from_the_edge(places, length):
    """Where an average over a pixel of the result misses no part of the image.

    The triangle and the cubic of antialiasing reach one and two pixels of the result; what lies in
    the cubic beyond the first pixel hardly counts.
    """
    scale = _scale(places)
    reach = scale if scale > _SMALLER else 0.0
    return (places >= reach - 0.5) & (places <= length - 0.5 - reach)


def _damped(image, probe, rows, columns, where):
    """Green of a smaller image whose pixels are averages; None if it cannot be estimated.

    Averaging leaves ramps as they are, and makes each wave weaker, but does not move it. How much
    weaker depends on the kernel, so the best fit is taken.
    """
    if max(_scale(rows), _scale(columns)) <= _SMALLER:
        return None
    waves = probe.waves(rows, columns)
    for _ in range(3):
        if where.sum() < max(_ENOUGH, 2 * waves.shape[-1]):
            return None
        shares = np.linalg.lstsq(waves[where], image[where] - MIDDLE, rcond=None)[0]
        green = MIDDLE + waves @ shares
        where = where & (np.abs(image - green) < _CHECK)
    # Refuses waves stronger than the original ones, and other textures, where nothing fits.
    return green if shares.max() < 1.1 and shares.min() > -0.1 and shares.mean() > 0.2 else None


def _distinct(places):
    return len(np.unique(np.round(places, 1)))


def _steady(rows, columns):
    """Where the sources change as smoothly as elsewhere: there is no seam between neighbors.

    Sources that are filled or erased do not change at all, and do not count as elsewhere.
    """
    step = np.zeros(rows.shape)
    for values in (rows, columns):
        for axis in (0, 1):
            change = np.abs(np.diff(values, axis=axis))
            before = np.pad(change, [(1, 0) if i == axis else (0, 0) for i in (0, 1)])
            after = np.pad(change, [(0, 1) if i == axis else (0, 0) for i in (0, 1)])
            step = np.maximum(step, np.maximum(before, after))
    changing = step[step > 0.0]
    return step <= 2.0 * (np.median(changing) if changing.size else 0.0) + 0.75
