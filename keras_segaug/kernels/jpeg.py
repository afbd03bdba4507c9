"""What JPEG compression does to an image, as arithmetic: no file is written.

The baseline of ITU-T T.81 (1992) as libjpeg implements it: levels of 8 bits, without subsampling
(4:4:4), the tables of Annex K scaled by a quality of 1 to 100. Gradients pass each rounding as if
it were not there.
"""

import functools
import operator

import numpy as np

from keras_segaug.core.backend import compiling_for_cpu, ops, parts_of
from keras_segaug.kernels import byte_packing
from keras_segaug.kernels.products import matmul
from keras_segaug.kernels.xla_cpu.blocks import fusion_barrier

_SIDE = 8
# Numbers this near to a half are taken to be a half: the last bit of a float, which depends
# on how the program was compiled, must not choose the level.
_TIE = 1.0 / 4096.0

_LUMA = """
    16 11 10 16  24  40  51  61
    12 12 14 19  26  58  60  55
    14 13 16 24  40  57  69  56
    14 17 22 29  51  87  80  62
    18 22 37 56  68 109 103  77
    24 35 55 64  81 104 113  92
    49 64 78 87 103 121 120 101
    72 92 95 98 112 100 103  99
"""
_CHROMA = """
    17 18 24 47 99 99 99 99
    18 21 26 66 99 99 99 99
    24 26 56 99 99 99 99 99
    47 66 99 99 99 99 99 99
    99 99 99 99 99 99 99 99
    99 99 99 99 99 99 99 99
    99 99 99 99 99 99 99 99
    99 99 99 99 99 99 99 99
"""
# sqrt(2) cos((2 x + 1) f pi / 16) for x = 0 .. 3, 1 for f = 0, in parts of 8192, one line for each
# frequency f: the values that libjpeg's sums of 13-bit integers amount to.
_COSINES = """
     8192   8192   8192   8192
    11363   9633   6437   2260
    10703   4433  -4433 -10703
     9633  -2259 -11362  -6436
     8192  -8192  -8192   8192
     6437 -11362   2261   9633
     4433 -10704  10704  -4433
     2260  -6436   9633 -11363
"""
# ITU-T T.871: Y, Cb and Cr, the latter two about 0, from red, green and blue.
_TO_YCC = (
    (0.299, 0.587, 0.114),
    (-0.168735892, -0.331264108, 0.5),
    (0.5, -0.418687589, -0.081312411),
)
_TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136286, -0.714136286), (1.0, 1.772, 0.0))


def jpeg(images, quality):
    """Compresses and decompresses.

    Args:
        images: float32 (B, H, W, C) in [0, 255]. Three channels are red, green and blue; with any
            other number of channels each is gray.
        quality: float32 (B, 1, 1, 1), whole numbers in [1, 100].

    Returns:
        Images of whole numbers in [0, 255].
    """
    count = images.shape[-1]
    levels = _rounded_half_up(images)
    channels = [levels[..., i] for i in range(count)]
    steps = _steps([_LUMA, _CHROMA, _CHROMA] if count == 3 else [_LUMA] * count, quality)
    if compiling_for_cpu() and count <= byte_packing.BYTES:
        return _coded_in_lines(channels, steps)
    planes = ops.stack(_to_planes(channels), axis=-1)
    planes = _coded(planes, steps)
    return ops.stack(_to_channels([planes[..., i] for i in range(count)]), axis=-1)


def _to_planes(channels):
    """Levels about 0: of luma and chroma where there are three channels."""
    if len(channels) != 3:
        return [each - 128.0 for each in channels]
    luma, *chroma = _mixed(channels, _TO_YCC)
    # libjpeg rounds halves of colors down.
    chroma = [ops.clip(_rounded_half_up(each, -_TIE), -128.0, 127.0) for each in chroma]
    return [_rounded_half_up(luma) - 128.0, *chroma]


def _to_channels(planes):
    """Planes of levels in [0, 255] as channels."""
    if len(planes) != 3:
        return planes
    luma, *chroma = planes
    colors = _mixed([luma, *(each - 128.0 for each in chroma)], _TO_RGB)
    return [ops.clip(_rounded_half_up(each), 0.0, 255.0) for each in colors]


def _mixed(channels, rows):
    return [sum(f * c for f, c in zip(row, channels, strict=True) if f != 0.0) for row in rows]


def _coded_in_lines(channels, steps):
    """`channels`, whole numbers, coded on a CPU: (B, H, W, C).

    Pixels of one column of all blocks of a row lie side by side, so that a transform adds whole
    lines, with vector instructions.
    """
    count, (batch, height, width) = len(channels), ops.shape(channels[0])
    tall, wide = (-(-size // _SIDE) for size in (height, width))

    def packed(levels):
        words = [byte_packing.rounded(levels[..., i], i) for i in range(count)]
        return functools.reduce(operator.or_, words)

    words = fusion_barrier(packed, ops.stack(channels, axis=-1), (batch, height, width), "int32")
    words = _whole_blocks(_whole_blocks(words, 1, height), 2, width)
    lines = ops.transpose(ops.reshape(words, (batch, tall, _SIDE, wide, _SIDE)), (0, 1, 2, 4, 3))
    shape = (batch, tall, count, _SIDE, _SIDE, 1)
    steps = ops.broadcast_to(ops.reshape(steps, (batch, 1, *shape[2:])), shape)
    given = [ops.reshape(x, (-1, *ops.shape(x)[2:])) for x in (steps, lines)]
    lines = ops.reshape(ops.map(lambda row: _row_coded(*row), tuple(given)), ops.shape(lines))
    words = ops.reshape(ops.transpose(lines, (0, 1, 2, 4, 3)), (batch, tall * _SIDE, wide * _SIDE))
    return ops.cast(parts_of(words[:, :height, :width], "uint8")[..., :count], "float32")


def _row_coded(steps, lines):
    """Words of the pixels of a row of blocks (y, x, columns of blocks), coded."""
    count = steps.shape[0]
    planes = _to_planes([ops.cast(byte_packing.value(lines, i), "float32") for i in range(count)])
    found, shape = ops.stack(planes), (count, *ops.shape(lines))
    passes = (
        lambda x: x,
        lambda x: _quarters(_summed(_LINE, x, -2)),
        lambda x: _quantized(_rounded_half_up(_summed(_LINE, x, -3), _TIE / 16.0), steps),
        lambda x: _quarters(_summed(_LINE.T, x, -3)),
        lambda x: _levels(_summed(_LINE.T, x, -2)),
    )
    # Each is in memory before the next one, which reads it eight times.
    for each in passes:
        found = fusion_barrier(each, found, shape, "float32")
    words = _to_channels([found[i] for i in range(count)])
    words = [byte_packing.rounded(each, i) for i, each in enumerate(words)]
    return functools.reduce(operator.or_, words)


def _summed(matrix, values, axis):
    """The product of a matrix (8, 8) with an axis before the last, added up line by line."""

    def entries(j):
        column = matrix[:, j].reshape((-1,) + (1,) * (-axis - 1))
        return ops.convert_to_tensor(column)

    after = [slice(None)] * (-axis - 1)
    lines = [values[(..., slice(j, j + 1), *after)] for j in range(_SIDE)]
    return sum(entries(j) * line for j, line in enumerate(lines))


def _quantized(found, steps):
    return _rounded_away_from_0(found / (8.0 * steps)) * steps


def _levels(found):
    return ops.clip(_rounded_half_up(found / 8.0 + 128.0), 0.0, 255.0)


def _coded(planes, steps):
    """Planes of levels about 0, quantized in blocks of 8 x 8: levels in [0, 255]."""
    height, width = ops.shape(planes)[1:3]
    blocks = _blocks(_whole_blocks(_whole_blocks(planes, 1, height), 2, width))
    rows, columns = map(ops.convert_to_tensor, _ROWS_AND_COLUMNS)
    # libjpeg transforms in whole numbers: along one axis in quarters, then in eighths.
    found = _quarters(matmul(blocks, ops.transpose(rows)))
    found = _rounded_half_up(matmul(found, ops.transpose(columns)), _TIE / 16.0)
    found = _quantized(found, steps)
    found = matmul(_quarters(matmul(found, columns)), rows)
    return _unblocked(_levels(found))[:, :height, :width]


def _quarters(values):
    return _rounded_half_up(4.0 * values, _TIE / 16.0) / 4.0


def _steps(tables, quality):
    """The steps (B, 1, 1, C, 64) of tables at a quality, in whole numbers."""
    base = np.stack([np.array(table.split(), "float32") for table in tables])
    table, quality = ops.convert_to_tensor(base), quality[..., None]
    # 5000 is whole: adding a little to it keeps float32 from rounding a whole quotient down.
    percent = ops.where(quality < 50.0, ops.floor((5000.0 + 0.01) / quality), 200.0 - 2.0 * quality)
    return ops.clip(ops.floor((table * percent + 50.5) / 100.0), 1.0, 255.0)


def _whole_blocks(planes, axis, size):
    """Repeats the last row or column until the blocks are full."""
    if isinstance(size, int) and size % _SIDE == 0:
        return planes
    full = (size + _SIDE - 1) // _SIDE * _SIDE
    places = ops.minimum(ops.arange(full, dtype="int32"), size - 1)
    return ops.take(planes, places, axis=axis)


def _blocks(planes):
    """(B, H, W, C) -> (B, H / 8, W / 8, C, 64)"""
    batch, height, width, channels = ops.shape(planes)
    tall, wide = height // _SIDE, width // _SIDE
    split = ops.reshape(planes, (batch, tall, _SIDE, wide, _SIDE, channels))
    return ops.reshape(
        ops.transpose(split, (0, 1, 3, 5, 2, 4)), (batch, tall, wide, channels, _SIDE * _SIDE)
    )


def _unblocked(blocks):
    batch, tall, wide, channels, _ = ops.shape(blocks)
    split = ops.reshape(blocks, (batch, tall, wide, channels, _SIDE, _SIDE))
    planes = ops.transpose(split, (0, 1, 4, 2, 5, 3))
    return ops.reshape(planes, (batch, tall * _SIDE, wide * _SIDE, channels))


def _rounded_half_up(values, tie=_TIE):
    return _passing(ops.floor(values + (0.5 + tie)), values)


def _rounded_away_from_0(values):
    return _passing(ops.sign(values) * ops.floor(ops.abs(values) + (0.5 + _TIE)), values)


def _passing(rounded, values):
    """The rounded values, with the gradient of the unrounded ones."""
    return values + ops.stop_gradient(rounded - values)


def _transforms():
    """The cosine transforms of the rows and of the columns of a block, (64, 64) each.

    Both are too large by the root of 8, so that the entries of frequency 0 are whole numbers.
    """
    half = np.array([line.split() for line in _COSINES.strip().splitlines()], "float64") / 8192.0
    # Even frequencies are symmetric, odd ones antisymmetric.
    signs = np.where(np.arange(_SIDE) % 2, -1.0, 1.0)[:, None]
    line, each = np.concatenate([half, signs * half[:, ::-1]], axis=1), np.eye(_SIDE)
    both = np.kron(each, line), np.kron(line, each)
    return line.astype("float32"), [matrix.astype("float32") for matrix in both]


_LINE, _ROWS_AND_COLUMNS = _transforms()
