"""What JPEG compression does to an image, as arithmetic: no file is written.

The baseline of ITU-T T.81 (1992) as libjpeg implements it: levels of 8 bits, without subsampling
(4:4:4), the tables of Annex K scaled by a quality of 1 to 100. Gradients pass each rounding as if
it were not there.
"""

import numpy as np

from keras_segaug.core.backend import ops
from keras_segaug.kernels.products import matmul

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
    levels = _rounded_half_up(images)
    if images.shape[-1] != 3:
        return _coded(levels - 128.0, [_LUMA] * images.shape[-1], quality)
    luma, *chroma = _mixed(levels, _TO_YCC)
    # libjpeg rounds halves of colors down.
    chroma = [ops.clip(_rounded_half_up(each, -_TIE), -128.0, 127.0) for each in chroma]
    planes = ops.stack([_rounded_half_up(luma) - 128.0, *chroma], axis=-1)
    planes = _coded(planes, [_LUMA, _CHROMA, _CHROMA], quality)
    planes = planes - ops.convert_to_tensor(np.array([0.0, 128.0, 128.0], "float32"))
    colors = [_rounded_half_up(each) for each in _mixed(planes, _TO_RGB)]
    return ops.clip(ops.stack(colors, axis=-1), 0.0, 255.0)


def _mixed(images, rows):
    channels = [images[..., i] for i in range(3)]
    return [sum(f * c for f, c in zip(row, channels, strict=True) if f != 0.0) for row in rows]


def _coded(planes, tables, quality):
    """Planes of levels about 0, quantized in blocks of 8 x 8: levels in [0, 255]."""
    height, width = ops.shape(planes)[1:3]
    blocks = _blocks(_whole_blocks(_whole_blocks(planes, 1, height), 2, width))
    base = np.stack([np.array(table.split(), "float32") for table in tables])
    steps = _scaled(ops.convert_to_tensor(base), quality)
    rows, columns = map(ops.convert_to_tensor, _ROWS_AND_COLUMNS)
    # libjpeg transforms in whole numbers: along one axis in quarters, then in eighths.
    found = _quarters(matmul(blocks, ops.transpose(rows)))
    found = _rounded_half_up(matmul(found, ops.transpose(columns)), _TIE / 16.0)
    found = _rounded_away_from_0(found / (8.0 * steps)) * steps
    found = matmul(_quarters(matmul(found, columns)), rows) / 8.0
    levels = ops.clip(_rounded_half_up(found + 128.0), 0.0, 255.0)
    return _unblocked(levels)[:, :height, :width]


def _quarters(values):
    return _rounded_half_up(4.0 * values, _TIE / 16.0) / 4.0


def _scaled(table, quality):
    """The steps (B, 1, 1, C, 64) of a table (C, 64) at a quality, in whole numbers."""
    quality = quality[..., None]
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
    return np.kron(each, line).astype("float32"), np.kron(line, each).astype("float32")


_ROWS_AND_COLUMNS = _transforms()
