"""Images made to look like others: their histograms, and the strength of their low frequencies.

Images are float32 (B, H, W, C). Amounts are (B, 1, 1, 1): how much of the way to go.
"""

import math

import numpy as np

from keras_segaug.core.backend import gather_rows, highest, ops
from keras_segaug.kernels import antialias
from keras_segaug.kernels.fields import pixels
from keras_segaug.kernels.histograms import LEVELS, by_channel, histograms
from keras_segaug.kernels.matrices import as_float
from keras_segaug.kernels.xla_cpu.blocks import computed_once

# What float32 leaves of a frequency that is absent, as a share of the largest possible amplitude.
_NO_STRENGTH = 1e-5


def cumulative(images, value_range):
    """For each level, the share of an image's values up to it: (B, C, 256).

    The levels divide the range evenly, from its lowest value to its highest. NaN does not count.
    """
    level = ops.floor(_level(images, value_range) + 0.5)
    counted = ~ops.isnan(level)
    level = ops.cast(ops.where(counted, level, 0.0), "int32")
    group, groups = by_channel(images)
    counts = histograms(level, group, groups, counted)
    counts = ops.reshape(counts, (ops.shape(images)[0], images.shape[-1], LEVELS))
    found = ops.cumsum(ops.cast(counts, "float32"), axis=-1)
    return found / ops.maximum(found[..., -1:], 1.0)


def shares_of(references, value_range):
    """`cumulative` of a numpy array of images, as numpy: float32 (N, C, 256)."""
    low, high = value_range
    levels = (references.astype("float32") - low) * ((LEVELS - 1.0) / (high - low))
    levels = np.floor(np.clip(levels, 0.0, LEVELS - 1.0) + 0.5).astype("int64")
    counts = [
        [np.bincount(image[..., c].ravel(), minlength=LEVELS) for c in range(image.shape[-1])]
        for image in levels
    ]
    found = np.cumsum(counts, axis=-1).astype("float32")
    return found / found[..., -1:]


def match_histograms(images, shares, amount, value_range):
    """Gives each channel the histogram of another image's, as far as its equal values allow.

    A value becomes the one up to which the other image has the same share of its values,
    interpolated between the values that occur in it (Gonzalez and Woods, "Digital Image
    Processing"). A value between two levels is interpolated between them where both occur in its
    image, and otherwise counts as the nearer one.

    Args:
        images: the images; NaN stays NaN.
        shares: (B, C, 256), `cumulative` of the others.
        amount: how much of the way to go; 0 leaves the image as it is.
        value_range: of both.
    """
    batch, channels = ops.shape(images)[0], images.shape[-1]
    own = computed_once(cumulative)(images, value_range)
    table = computed_once(_table)(own, shares)
    # The table sends a level that does not occur where the level below it goes. Values that lie
    # between such a level and the next one count as the next one, so its row starts there.
    occurs = own > ops.pad(own[..., :-1], ((0, 0), (0, 0), (1, 0)))
    above = ops.concatenate([table[..., 1:], table[..., -1:]], axis=-1)
    start = ops.where(occurs, table, above)
    rows = ops.reshape(ops.stack([start, above - start], axis=-1), (-1, 2))
    level = _level(ops.where(ops.isnan(images), value_range[0], images), value_range)
    below = ops.clip(ops.floor(level), 0.0, LEVELS - 1.0)
    sample = ops.reshape(ops.arange(batch, dtype="int32"), (-1, 1, 1, 1))
    place = (sample * channels + ops.arange(channels, dtype="int32")) * LEVELS
    found = gather_rows(rows, place + ops.cast(ops.stop_gradient(below), "int32"))
    matched = found[..., 0] + (level - below) * found[..., 1]
    low, high = value_range
    return images + amount * (matched * ((high - low) / (LEVELS - 1.0)) + low - images)


def _level(images, value_range):
    low, high = value_range
    return ops.clip((images - low) * ((LEVELS - 1.0) / (high - low)), 0.0, LEVELS - 1.0)


def _table(own, others):
    """The level that each level goes to: (B, C, 256)."""
    share, theirs = own[..., :, None], others[..., None, :]
    below = theirs < share
    before = highest(ops.where(below, theirs, 0.0), axis=-1)
    after = -highest(-ops.where(below, 2.0, theirs), axis=-1)
    # The first level that reaches a share is one that occurs in the image.
    upper = ops.sum(ops.cast(below, "float32"), axis=-1)
    lower = ops.sum(ops.cast(theirs < before[..., None], "float32"), axis=-1)
    upper = ops.minimum(upper, LEVELS - 1.0)
    part = (own - before) / ops.maximum(after - before, 1e-9)
    blended = lower + (upper - lower) * ops.clip(part, 0.0, 1.0)
    return ops.where(before > 0.0, blended, upper)


# --- Frequencies -------------------------------------------------------------------------------


def resized(images, size):
    """Images (B, h, w, C) of any dtype as float32 of this size."""
    whole = zip(ops.shape(images)[1:3], size, strict=True)
    axes = [antialias.Axis(a, 0.0, as_float(a), b, 0.0, as_float(b)) for a, b in whole]
    values = ops.cast(images, "float32")
    return antialias.resize(values, axes, "bilinear", "nearest", 0.0)


def adapt_frequencies(images, others, beta, largest, value_range):
    """Gives the low frequencies of images the amplitudes of others' and keeps their phases.

    Yang and Soatto, "FDA: Fourier domain adaptation for semantic segmentation", CVPR 2020. Only
    the frequencies of the Fourier transform that change are computed. Values are counted from the
    lowest of their range: where 0 lies must not decide which way the mean goes.

    Args:
        images: the images.
        others: those whose amplitudes are taken, of the same size.
        beta: (B, 1, 1, 1), the highest frequency that changes along each axis, in periods per
            image, as a share of its shorter side, rounded down; the mean always changes.
        largest: the largest beta, a number.
        value_range: the lowest and the highest value there can be.

    Returns:
        The images. A frequency that an image lacks has no phase, and stays absent.
    """
    size, (low, high) = ops.shape(images)[1:3], value_range
    count = _highest(largest, size) + 1
    waves = [_waves(n, count) for n in size]
    own, theirs = (_spectrum(each - low, waves, count) for each in (images, others))
    most = as_float(size[0]) * as_float(size[1])
    inside = _inside(beta, size, count)
    changed = [
        [ops.where(inside, each, 0.0) for each in _change(a, b, _NO_STRENGTH * most * (high - low))]
        for a, b in zip(own, theirs, strict=True)
    ]
    (real, imaginary), (real_2, imaginary_2) = changed
    cosines = ops.concatenate([real + real_2, imaginary_2 - imaginary], axis=2)
    sines = ops.concatenate([-imaginary - imaginary_2, real_2 - real], axis=2)
    # Every frequency except 0 stands for two, or for four.
    once = ops.where(pixels(count, (-1,)) > 0.0, 1.0, 0.5)
    share = ops.reshape(ops.concatenate([once, once], axis=0), (-1, 1))
    share = share * ops.transpose(share) * (2.0 / most)
    changed = ops.concatenate([cosines, sines], axis=1) * share[None, :, :, None]
    rows, columns = (ops.transpose(each) for each in waves)
    return images + antialias.across(antialias.across(changed, rows), columns)


def _highest(beta, size):
    """The highest frequency, a whole number, below the one that is its own opposite (Nyquist)."""
    height, width = size
    if isinstance(height, int) and isinstance(width, int):
        shorter = min(height, width)
        return max(min(int(shorter * beta + 1e-4), (shorter - 1) // 2), 0)
    shorter = ops.minimum(height, width)
    highest = ops.cast(ops.floor(as_float(shorter) * beta + 1e-4), "int32")
    return ops.maximum(ops.minimum(highest, (shorter - 1) // 2), 0)


def _inside(beta, size, count):
    """Which frequencies (B, count, count, 1) change."""
    shorter = ops.minimum(*map(as_float, size))
    highest = ops.floor(shorter * beta + 1e-4)
    return (pixels(count, (1, -1, 1, 1)) <= highest) & (pixels(count, (1, 1, -1, 1)) <= highest)


def _waves(size, count):
    """(2 count, size): the cosines of frequencies 0 .. count - 1, and then the sines."""
    turns = pixels(count, (-1, 1)) * pixels(size, (1, -1)) / as_float(size)
    # A float holds a fraction of a turn more precisely than many turns.
    angle = 2.0 * math.pi * (turns - ops.floor(turns))
    return ops.concatenate([ops.cos(angle), ops.sin(angle)], axis=0)


def _spectrum(images, waves, count):
    """At frequencies (u, v) and (u, -v): real and imaginary parts, (B, count, count, C) each."""
    found = antialias.across(antialias.across(images, waves[0]), waves[1])
    cosines, sines = found[:, :count], found[:, count:]
    both, first = cosines[:, :, :count], sines[:, :, :count]
    second, neither = cosines[:, :, count:], sines[:, :, count:]
    return (both - neither, -first - second), (both + neither, second - first)


def _change(own, theirs, least):
    """What is to be added to a frequency so that it has the other amplitude."""
    power, wanted = (real * real + imaginary * imaginary for real, imaginary in (own, theirs))
    held = power > least * least
    # The root of 0 has no gradient.
    ratio = ops.sqrt(ops.maximum(wanted, 1e-12) / ops.where(held, power, 1.0))
    more = ops.where(held, ratio - 1.0, 0.0)
    return [more * part for part in own]
