"""Masks of instance ids (B, *size): only what is above 0 is an instance."""

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.xla_cpu.blocks import materialize


def whole(owner, mask):
    """The ids of a mask (B, *size, 1), in its own dtype."""
    if mask.shape[-1] != 1 or "int" not in dtype_of(mask):
        accepted = "a mask of one channel of an integer dtype, which holds ids"
        checks.fail(owner, "instances", accepted, f"{mask.shape[-1]} channels, {dtype_of(mask)}")
    return mask[..., 0]


def highest(objects):
    """The highest id of each sample, 0 where there is none: (B,) in the masks' dtype."""
    found = ops.max(objects, axis=tuple(range(1, len(objects.shape))))
    # Keras' `maximum` would make 32 bits of 64 on torch.
    return ops.where(found > 0, found, ops.zeros_like(found))


def have_room(own, theirs, wanted):
    """bool (B, 1, ...): can the dtype hold the wanted ids, when added to the highest own id?"""
    top = checks.mask_limits(dtype_of(own))[1]
    added = highest(ops.where(wanted, theirs, ops.zeros_like(theirs)))
    # Not the sum of the two, which might be too large itself.
    room = added <= ops.cast(top, own.dtype) - highest(own)
    return ops.reshape(room, (-1, *[1] * (len(own.shape) - 1)))


def some(objects, wanted, key, count):
    """The pixels of up to `count` instances of those that are wanted, each equally likely.

    Every id gets a random number, the same for all its pixels, and the highest ones win: so no
    list of ids is needed, however large the ids are.

    Args:
        objects: ids (B, *size).
        wanted: bool (B, *size).
        key: (B, 2), random words.
        count: how many.
    """
    number = _scattered(objects, key)
    axes = tuple(range(1, len(objects.shape)))
    chosen = ops.zeros_like(wanted)
    for _ in range(count):
        left = ops.where(wanted & ~chosen, number, -1)
        [best] = materialize([ops.max(left, axis=axes, keepdims=True)])
        chosen = chosen | ((left == best) & (best >= 0))
    return chosen


def _scattered(objects, key):
    """A random number in 0 .. 2^24 - 1 for each id: int32."""
    words = ops.cast(ops.cast(objects, "int32"), "uint32")
    shape = (-1, *[1] * (len(objects.shape) - 1))
    for place in (0, 1):
        words = words ^ ops.reshape(ops.cast(key[:, place], "uint32"), shape)
        words = _mixed(words)
    return ops.cast(ops.bitwise_right_shift(words, _word(8)), "int32")


def _mixed(words):
    """The finalizer of MurmurHash3 (Appleby, public domain), which spreads every bit over all."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        words = words ^ ops.bitwise_right_shift(words, _word(shift))
        words = _low(words * _word(factor))
    return words ^ ops.bitwise_right_shift(words, _word(16))


def _low(words):
    """The lower 32 bits, where a backend keeps words in 64, as torch does."""
    return words if dtype_of(words) == "uint32" else words & _word(0xFFFFFFFF)


def _word(value):
    return ops.convert_to_tensor(value, dtype="uint32")


def numbered_on(mask, parameters):
    """A mask of ids (B, *size, 1); ids that were pasted continue after the highest own id."""
    more = ops.reshape(parameters["highest"], (-1, *[1] * (len(mask.shape) - 1)))
    return ops.where(parameters["pasted"][..., None], mask + ops.cast(more, mask.dtype), mask)
