"""Noise that is smooth over a distance: a cubic B-spline through random numbers."""

import math

from keras_segaug.core.backend import ops
from keras_segaug.kernels import matrices
from keras_segaug.kernels.fields import pixels
from keras_segaug.kernels.products import matmul


def spacing_of(sigma):
    """How far apart the numbers are, for noise as smooth as if a Gaussian had smoothed it.

    Between points at a distance d such noise has the correlation exp(-d^2 / (4 sigma^2)), a
    curve of the variance 2 sigma^2. The correlation of the spline has the variance
    2/3 spacing^2, twice that of the cubic B-spline.
    """
    return math.sqrt(3.0) * sigma


def smooth_noise(numbers, sigma, size):
    """Noise for images of this size: float32 (B, height, width).

    Args:
        numbers: (B, N, N), random. Where N are not enough, they repeat.
        sigma: (B,), the deviation of the Gaussian, as a share of the shorter side.
        size: (height, width).
    """
    height, width = size
    shorter = ops.minimum(matrices.as_float(height), matrices.as_float(width))
    spacing = spacing_of(sigma) * shorter
    count = numbers.shape[-1]
    rows, columns = (_weights(n, spacing, count) for n in (height, width))
    return matmul(matmul(rows, numbers), ops.transpose(columns, (0, 2, 1)))


def _weights(size, spacing, count):
    """The share that each of the numbers has in each pixel of an axis: (B, size, count)."""
    place = pixels(size, (1, -1, 1)) / spacing[:, None, None]
    apart = place - pixels(count, (1, 1, -1))
    apart = ops.abs(apart - count * ops.round(apart / count))
    near = 2.0 / 3.0 - apart**2 * (1.0 - 0.5 * apart)
    far = ops.maximum(2.0 - apart, 0.0) ** 3 / 6.0
    return ops.where(apart < 1.0, near, far)
