"""Channels shifted, left out, or in another order: lists of float32 (B, H, W, 1)."""

from keras_segaug.core import random
from keras_segaug.core.backend import ops
from keras_segaug.kernels.xla_cpu.blocks import computed_once


@computed_once
def numbers(keys, count):
    """From each key (B, 2), a number in [0, 1) for each channel: a list of (B, 1, 1, 1)."""
    found = random.uniform_field(keys, 1, 1, count)
    return [found[..., i : i + 1] for i in range(count)]


@computed_once
def ranks(values):
    """How many of the values are lower, for each in a list of (B, 1, 1, 1): 0 to N - 1, as int32.

    Of equal values the first counts as the lower one.
    """
    return [
        sum(
            ops.cast(other <= value if j < i else other < value, "int32")
            for j, other in enumerate(values)
            if j != i
        )
        + ops.zeros_like(value, dtype="int32")
        for i, value in enumerate(values)
    ]


def reordered(channels, order):
    """The channel of rank 0 first, then that of rank 1, and so on."""
    result = []
    for place in range(len(channels)):
        chosen = channels[0]
        for channel, rank in zip(channels[1:], order[1:], strict=True):
            chosen = ops.where(rank == place, channel, chosen)
        result.append(chosen)
    return result


def dropped(channels, order, count, fill_value):
    """The channels, with those of the `count` (B, 1, 1, 1) lowest ranks filled, but never all."""
    count = ops.minimum(count, len(channels) - 1)
    return [
        # NaN, no data, stays NaN.
        ops.where((rank < count) & ~ops.isnan(channel), fill_value, channel)
        for channel, rank in zip(channels, order, strict=True)
    ]
