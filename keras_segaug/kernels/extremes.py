"""The lowest, the highest and other ranks of values, NaN left out."""

import math

from keras_segaug.core.backend import highest, ops
from keras_segaug.kernels import byte_packing
from keras_segaug.kernels.histograms import histograms
from keras_segaug.kernels.matrices import as_float
from keras_segaug.kernels.xla_cpu.blocks import computed_once, reduce_blocks

# How many steps values are counted in, and how many blocks these are added up in.
_BLOCKS = 256
_STEPS = _BLOCKS**2
_LEAST_DIVISOR = 1e-30


def channel_extremes(images, gaps=False):
    """The lowest and the highest value of each channel (B, H, W, C): (B, 1, 1, C) each.

    A channel without any value gets 0 and 0.
    """
    if not gaps:
        return -_highest_of_channels(-images), _highest_of_channels(images)
    empty = ops.isnan(images)
    low = -_highest_of_channels(ops.where(empty, -math.inf, -images))
    high = _highest_of_channels(ops.where(empty, -math.inf, images))
    return [ops.where(low > high, 0.0, each) for each in (low, high)]


def _highest_of_channels(images):
    """(B, H, W, C) -> (B, 1, 1, C)."""
    batch, height, width, channels = ops.shape(images)
    lines = ops.reshape(images, (batch, height, width * channels))
    columns = computed_once(highest)(reduce_blocks(highest, lines), axis=1)
    columns = ops.reshape(columns, (batch, width, channels))
    return ops.reshape(highest(columns, axis=1), (batch, 1, 1, channels))


def percentiles(images, percents, per_channel, gaps=False):
    """For each percent, the lowest value that at least so many percent of the values do not exceed.

    As `numpy.percentile(..., method="inverted_cdf")`, to within a 65536th of the distance from the
    lowest to the highest value: values are counted in that many steps. Sorting them takes XLA on a
    CPU a hundred times as long. Without gradients.

    Args:
        images: float32 (B, H, W, C).
        percents: a list of (B, 1, 1, 1) or of numbers, 0 to 100.
        per_channel: for each channel, (B, 1, 1, C), or for all together, (B, 1, 1, 1)?
        gaps: may a value be NaN?
    """
    images = ops.stop_gradient(images)
    batch, channels = ops.shape(images)[0], images.shape[-1]
    axes, groups = ((1, 2), channels) if per_channel else ((1, 2, 3), 1)
    low, high = channel_extremes(images, gaps)
    if not per_channel:
        low, high = (
            sign * highest(sign * x, axis=-1, keepdims=True)
            for sign, x in ((-1.0, low), (1.0, high))
        )
    scale = (_STEPS - 1.0) / ops.maximum(high - low, _LEAST_DIVISOR)
    step = byte_packing.integer(ops.clip((images - low) * scale, 0.0, _STEPS - 1.0)) & 0xFFFF
    group = ops.arange(batch, dtype="int32")[:, None, None, None] * groups
    group = group + ops.arange(groups, dtype="int32")
    counted = ~ops.isnan(images) if gaps else None
    counts = histograms(step, group, batch * groups, counted, _STEPS)
    counts = ops.reshape(counts, (batch, groups, _BLOCKS, _BLOCKS))
    result = []
    for percent in percents:
        percent = ops.reshape(ops.convert_to_tensor(percent, dtype="float32"), (-1, 1, 1))
        reached = computed_once(_step_of_rank)(counts, percent)
        reached = ops.reshape(reached, (batch, 1, 1, groups))
        inside = (step <= reached) & counted if gaps else step <= reached
        found = highest(ops.where(inside, images, -math.inf), axis=axes, keepdims=True)
        result.append(ops.where(found == -math.inf, 0.0, found))
    return result


def _step_of_rank(counts, percent):
    """The step that at least so many percent of the values do not exceed, int32 (B, N).

    Args:
        counts: int32 (B, N, blocks, steps of a block).
        percent: (B, 1, 1).
    """
    blocks = ops.sum(counts, axis=-1)
    share = percent * 0.01 * as_float(ops.sum(blocks, axis=-1, keepdims=True))
    # A share such as 7 % of 100 must give 7, however it was rounded.
    rank = ops.cast(ops.maximum(ops.ceil(share - 1e-3), 1.0), "int32")
    reached = ops.cumsum(blocks, axis=-1)
    block = ops.sum(ops.cast(reached < rank, "int32"), axis=-1, keepdims=True)
    chosen = ops.arange(_BLOCKS, dtype="int32") == block
    before = ops.sum(ops.where(chosen, reached - blocks, 0), axis=-1, keepdims=True)
    inside = ops.cumsum(ops.sum(ops.where(chosen[..., None], counts, 0), axis=-2), axis=-1)
    return block[..., 0] * _BLOCKS + ops.sum(ops.cast(inside < rank - before, "int32"), axis=-1)
