"""Noise on float32 images (B, H, W, C); amounts are (B, 1, 1, 1), ranges (lowest, highest)."""

from keras_segaug.core.backend import ops
from keras_segaug.kernels.color import clip
from keras_segaug.kernels.tones import straight_through
from keras_segaug.kernels.xla_cpu.normal import normal

# From this mean on, the approximation is as good as the numbers it is made from.
_LARGE = 4.0
# A Poisson number with a mean of 4 is larger once in a million times.
_MOST_COUNTED = 16
_LEAST_UNIFORM = 2.0**-25
# Noise that float32 images do not show.
_LEAST_DEVIATION = 1e-6


def salt_and_pepper(images, uniform, share, salt, value_range):
    """Makes a share of the places white or black, and `salt`, a share of these, white.

    Args:
        images: the images.
        uniform: in [0, 1), (B, H, W, C), or (B, H, W, 1) for all channels alike.
        share: (B, 1, 1, 1).
        salt: a number.
        value_range: black and white.
    """
    low, high = value_range
    extreme = ops.where(uniform < share * salt, high, low)
    # NaN, no data, stays NaN.
    return ops.where((uniform < share) & ~ops.isnan(images), extreme, images)


def speckle(images, numbers, deviation, value_range):
    """Multiplies the distance from the lowest value by 1 + deviation * numbers."""
    low = value_range[0]
    return clip(images + (images - low) * (deviation * numbers), value_range)


def shot(images, uniform, deviation, value_range):
    """Counts photons, so few that the highest value has this deviation, as a share of the range.

    The variance of a Poisson number is its mean, so the highest value is 1 / deviation**2 photons.
    """
    low, high = value_range
    noisy = deviation > _LEAST_DEVIATION
    worth = ops.square(ops.where(noisy, deviation, 1.0))
    unit = ops.clip((images - low) * (1.0 / (high - low)), 0.0, 1.0)
    counted = poisson(unit / worth, uniform) * worth
    result = ops.where(noisy, low + counted * (high - low), images)
    # The expected value is that of the image, and so is the gradient.
    return clip(straight_through(images, result), value_range)


def poisson(mean, uniform):
    """Poisson numbers: their inverse cumulative distribution at uniform numbers in [0, 1).

    Below a mean of 4 the probabilities are added up. From there on it is the expansion Q_N2 of
    Giles, "Algorithm 955: Approximation of the Inverse Poisson Cumulative Distribution Function"
    (ACM TOMS 42, 2016): 5 in 1,000 numbers differ by 1 at a mean of 4, fewer above.
    """
    uniform = ops.clip(uniform, _LEAST_UNIFORM, 1.0 - _LEAST_UNIFORM)
    small = ops.minimum(mean, _LARGE)
    probability = ops.exp(-small)
    rest, number = uniform - probability, ops.zeros_like(small)
    for count in range(1, _MOST_COUNTED + 1):
        # Summing up the comparisons instead would take XLA on a CPU three times as long.
        number = ops.where(rest > 0.0, float(count), number)
        probability = probability * (small * (1.0 / count))
        rest = rest - probability
    return ops.where(mean >= _LARGE, _large_poisson(ops.maximum(mean, _LARGE), uniform), number)


def _large_poisson(mean, uniform):
    root, deviate = ops.sqrt(mean), normal(uniform)
    square = ops.square(deviate)
    number = mean + root * deviate + (1.0 / 3.0 + square * (1.0 / 6.0))
    number = number - deviate * (1.0 / 36.0 + square * (1.0 / 72.0)) / root
    return ops.maximum(ops.floor(number), 0.0)
