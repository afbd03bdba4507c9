"""Judges one sample of a result: do image and mask show the same place?"""

from dataclasses import dataclass

import numpy as np

from keras_segaug.inspect.alignment import registration
from keras_segaug.inspect.alignment.probe import fine_codes
from keras_segaug.inspect.preview import reading
from keras_segaug.inspect.preview.labels import UNKNOWN

# A sample is misaligned if more than this share of its compared pixels is.
MISALIGNED = 0.05
_REACH = 3
# Green spreads over some 140 levels, so for one pixel in seven it is within 9 by chance.
_BY_CHANCE = 0.2


@dataclass
class Judgement:
    """What one sample shows.

    Attributes:
        state: "aligned", "misaligned", "wrong_sample", "undecided" or "unreadable".
        method: "places" or "fit".
        misaligned: share of the compared pixels.
        offset: (rows, columns) from the image to the mask, or None.
        in_image: (H, W) bool, pixels that surely show the image, or None.
        bias: (rows, columns) from the image to the mask in pixels of the result, even where
            rounding may explain it in one sample; or None.
    """

    state: str
    method: str
    misaligned: float = 0.0
    offset: tuple | None = None
    in_image: np.ndarray | None = None
    bias: tuple | None = None


def judge(image, mask, labels, channels, probes, own, tolerance):
    """Judges a sample.

    Args:
        image: (H, W, C) in units of 0 .. 255.
        mask: (H, W) or (H, W, K).
        labels: `Labels`.
        channels: the number of channels of the mask that went in, 0 without that axis.
        probes: the images of the batch.
        own: the number of this sample in the batch.
        tolerance: (rows, columns) that rounding may hide, in pixels.
    """
    codes = labels.decode(mask, channels)
    others = [k for k in range(len(probes)) if k != own and probes[k] is not probes[own]]
    for number in [own, *others]:
        found = reading.read(image, probes[number])
        if found is None or (number != own and found.readable.mean() < 0.5):
            continue
        if number != own:
            return Judgement("wrong_sample", "places", in_image=found.readable)
        unknown = (codes[found.readable] == UNKNOWN).mean()
        if unknown > 0.02:
            break
        return _compare(found, codes, probes[own], tolerance)
    else:
        found = None
    fine = fine_codes(labels.count)
    levels = np.where(codes == UNKNOWN, UNKNOWN, codes // fine)
    if found is not None:
        # Labels were blended, but the nearest label still gives the level.
        levels = labels.nearest(mask.reshape(*codes.shape, -1)[..., 0]) // fine
    enlarged = found is None and fine > 1 and _repeats(codes) > 0.3
    return _fit(image, levels, labels.count // fine, enlarged, found)


def _fit(image, levels, count, enlarged, found):
    result = registration.register(image, levels, count)
    names = {"shifted": "misaligned", "unrelated": "misaligned"}
    state = names.get(result.state, result.state)
    if enlarged and state == "misaligned":
        # Then one input pixel covers several output pixels, and few waves are in view.
        state = "unreadable"
    offset = None if result.state in ("unrelated", "unreadable") else result.offset
    seen = None if found is None else found.readable
    return Judgement(state, "fit", float(state == "misaligned"), offset, seen, offset)


def _repeats(codes):
    """The share of neighbors with equal labels: 0 in an image of the input's scale."""
    return max((codes[1:] == codes[:-1]).mean(), (codes[:, 1:] == codes[:, :-1]).mean())


def _compare(found, codes, probe, tolerance):
    """Compares each label with those of the pixels that its image pixel may have come from."""
    where = found.whole & (codes != UNKNOWN)
    if not where.any():
        return Judgement("unreadable", "places", in_image=found.readable)
    rows, columns, seen = found.rows[where], found.columns[where], codes[where]
    right = np.zeros(seen.shape, bool)
    for y in (rows - tolerance[0], rows + tolerance[0]):
        for x in (columns - tolerance[1], columns + tolerance[1]):
            right |= _codes_at(probe, np.floor(y + 0.5), np.floor(x + 0.5)) == seen
    # Some pixels with changed colors fit by chance, and give a wrong place: this many for each
    # pixel that does not fit.
    by_chance = _BY_CHANCE * (~found.readable).sum()
    wrong = max((~right).sum() - by_chance, 0.0)
    share = float(wrong / max(len(right) - by_chance, 1.0))
    state = "misaligned" if share > MISALIGNED else "aligned"
    # With few classes, different shifts cannot be told apart.
    offset = _offset(probe, rows, columns, seen) if probe.fine > 1 else None
    bias = None if offset is None else _in_result(found, offset)
    offset = offset if state == "misaligned" else None
    return Judgement(state, "places", share, offset, found.readable, bias)


def _in_result(found, offset):
    """An offset in the input, as rows and columns of the result: flips reverse it."""
    steps = [
        [np.median(np.diff(places, axis=axis)[_pairs(found.readable, axis)]) for axis in (0, 1)]
        for places in (found.rows, found.columns)
    ]
    if not np.isfinite(steps).all() or abs(np.linalg.det(steps)) < 0.1:
        return None
    return tuple(float(each) for each in np.linalg.solve(steps, offset))


def _pairs(readable, axis):
    """Which neighbors along an axis can both be read?"""
    return readable[1:] & readable[:-1] if axis == 0 else readable[:, 1:] & readable[:, :-1]


def _codes_at(probe, rows, columns):
    rows = np.clip(rows, 0, probe.height - 1).astype(int)
    return probe.codes[rows, np.clip(columns, 0, probe.width - 1).astype(int)]


def _offset(probe, rows, columns, seen):
    """How far the labels lie from where they belong, or None if that is not nearby."""
    steps = range(-_REACH, _REACH + 1)
    nearest_row, nearest_column = np.floor(rows + 0.5), np.floor(columns + 0.5)
    fits = {
        (y, x): _codes_at(probe, nearest_row + y, nearest_column + x) == seen
        for y in steps
        for x in steps
    }
    # Shifts that fit most pixels come first: the same label occurs again four pixels on.
    shifts = sorted(fits, key=lambda s: (-fits[s].sum(), s[0] ** 2 + s[1] ** 2))
    offset = np.full((len(seen), 2), np.nan)
    for y, x in shifts:
        new = np.isnan(offset[:, 0]) & fits[y, x]
        offset[new] = np.stack([nearest_row + y - rows, nearest_column + x - columns], -1)[new]
    if np.isnan(offset[:, 0]).mean() > 0.5:
        return None
    return tuple(float(v) for v in np.nanmean(offset, 0))
