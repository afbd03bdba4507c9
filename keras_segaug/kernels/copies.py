"""Flips, quarter turns and windows: copies, where every point is a pixel of the image."""

import numbers

from keras_segaug.core.backend import compiling_for_cpu, name, ops, torch_backend, window_of
from keras_segaug.kernels import matrices


def can_copy(matrix, before, size):
    """Can an image be read by copying, through a matrix that leads to whole pixels?

    Args:
        matrix: a `Matrix`, or None where no matrix makes the points.
        before: the size of the image.
        size: of the output.
    """
    known = all(isinstance(n, numbers.Integral) for n in (*before, *size))
    if matrix is None or not known:
        return False
    # One window for each sample is a loop, which does not suit a device with a thousand cores.
    if tuple(size) != tuple(before) and not compiling_for_cpu():
        return False
    # Odd quarter turns are chosen by sample, so their result must be as large as the others.
    return len(set(size[-2:])) == 1 or not _turns(matrix)


def copy(tensors, matrix, size):
    """Reads tensors (B, *before, C) through a matrix for which `can_copy` holds."""
    matrix = matrices.materialized(matrix)
    *rows, _ = matrix.rows
    starts = [
        sum((_least(k, n - 1.0) for k, n in zip(row, size, strict=False)), row[-1]) for row in rows
    ]
    windows = _windows(tensors, starts, list(size))
    swapped = abs(rows[-2][-2]) > 0.5
    reversed_axes = [sum(row[axis] for row in reversed(rows)) < 0.0 for axis in range(len(size))]
    return [_oriented(window, [swapped, *reversed_axes]) for window in windows]


def _turns(matrix):
    """May the last two axes be swapped?"""
    return not matrices.is_zero(matrix.rows[-3][-2])


def _least(factor, most):
    """The least of factor * 0 .. factor * most."""
    if isinstance(factor, float):
        return min(factor * most, 0.0)
    return ops.minimum(factor * most, 0.0)


def _windows(tensors, starts, size):
    """The same window of each tensor, at one place for all samples or one for each (B,)."""
    batch, *before = tensors[0].shape[:-1]
    if before == size:
        return tensors
    if all(isinstance(start, float) for start in starts):
        window = [slice(round(a), round(a) + n) for a, n in zip(starts, size, strict=True)]
        return [tensor[(slice(None), *window)] for tensor in tensors]
    if batch == 0:
        return [tensor[(slice(None), *[slice(0, n) for n in size])] for tensor in tensors]
    first = tensors[0][(slice(None), *[0] * (len(size) + 1))]
    like = ops.zeros_like(first, dtype="int32")
    starts = [ops.cast(ops.floor(start + 0.5), "int32") + like for start in starts]
    count = len(starts)

    def cut(parts):
        places, singles = parts[:count], parts[count:]
        return [window_of(one, (*places, 0), (*size, one.shape[-1])) for one in singles]

    if batch == 1:
        return [x[None] for x in cut([x[0] for x in (*starts, *tensors)])]
    return ops.map(cut, (*starts, *tensors))


def _oriented(image, conditions, chosen=()):
    """The last two axes swapped, and each axis reversed, each where its condition holds.

    Every outcome is read from the image itself: in a chain of `where`, XLA would compute the
    first one four times.
    """
    if conditions:
        first, *rest = conditions
        if isinstance(first, bool):
            return _oriented(image, rest, (*chosen, first))
        outcomes = [_oriented(image, rest, (*chosen, outcome)) for outcome in (True, False)]
        if name() == "torch":
            return torch_backend().where(ops.reshape(first, (-1,)), *outcomes)
        condition = ops.reshape(first, (-1, *[1] * (len(image.shape) - 1)))
        return ops.where(condition, *outcomes)
    swapped, *reversed_axes = chosen
    if swapped:
        *others, rows, columns, channels = range(len(image.shape))
        image = ops.transpose(image, (*others, columns, rows, channels))
    for axis, reverses in enumerate(reversed_axes, 1):
        # One axis at a time: on TensorFlow, Keras 3.12 cannot take several.
        image = ops.flip(image, axis=axis) if reverses else image
    return image
