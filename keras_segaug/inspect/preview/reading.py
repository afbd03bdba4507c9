"""Where each pixel of a result came from, read off colors that were kept."""

from dataclasses import dataclass

import numpy as np

# Of 255: how far green may be from what red and blue promise.
_CHECK = 9.0
# The root mean square of that where the colors were kept. Interpolation and rounding make 1 to
# 2; a brightness changed by one level would make 3, since it moves red and blue by a quarter of
# a pixel where the image is 64 wide. Colors that fit by chance make 5.
_KEPT = 2.6
# How many different rows and columns must be seen, where the result has as many.
_PLACES = 5


@dataclass
class Reading:
    """The source of every pixel, where it could be read.

    Attributes:
        rows, columns: (H, W) float, the place in the input.
        readable: (H, W) bool; False where filled, erased, or blended across a seam.
    """

    rows: np.ndarray
    columns: np.ndarray
    readable: np.ndarray


def read(image, probe):
    """A `Reading` of an image in 0 .. 255 units, or None where its colors are not the original."""
    if image.ndim != 3 or image.shape[-1] != 3 or min(image.shape[:2]) < 3:
        return None
    image = image.astype("float64")
    rows = image[..., 0] * ((probe.height - 1) / 255.0)
    columns = image[..., 2] * ((probe.width - 1) / 255.0)
    inside = (np.abs(rows * 2 - probe.height + 1) <= probe.height) & (
        np.abs(columns * 2 - probe.width + 1) <= probe.width
    )
    error = image[..., 1] - probe.texture(rows, columns)
    fits = inside & (np.abs(error) < _CHECK)
    steady = fits & _steady(rows, columns)
    # Changed colors fit by chance in one pixel of five or so, and then badly.
    if steady.mean() < 0.05 or np.sqrt(np.mean(error[steady] ** 2)) > _KEPT:
        return None
    # An image of few colors (posterized, say) shows few places, and those may fit by chance.
    if any(_distinct(x[steady]) < min(_PLACES, *x.shape) for x in (rows, columns)):
        return None
    return Reading(rows, columns, steady)


def _distinct(places):
    return len(np.unique(np.round(places, 1)))


def _steady(rows, columns):
    """Where the sources change as smoothly as elsewhere: no seam runs through the neighbors."""
    step = np.zeros(rows.shape)
    for values in (rows, columns):
        for axis in (0, 1):
            change = np.abs(np.diff(values, axis=axis))
            before = np.pad(change, [(1, 0) if i == axis else (0, 0) for i in (0, 1)])
            after = np.pad(change, [(0, 1) if i == axis else (0, 0) for i in (0, 1)])
            step = np.maximum(step, np.maximum(before, after))
    return step <= 2.0 * np.median(step) + 0.75
