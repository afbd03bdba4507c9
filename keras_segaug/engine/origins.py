"""Which samples of a batch each pixel of the result comes from."""

from keras_segaug.core.backend import ops
from keras_segaug.engine import execute
from keras_segaug.engine.batch import Batch
from keras_segaug.engine.colors import where
from keras_segaug.engine.fuse import Lookup, fuse
from keras_segaug.engine.operations import Blend, Border, Select, Write
from keras_segaug.kernels.values import replace

# Stands for no sample: what is filled or erased shows none.
NONE = -1


def origins(operations, count, size):
    """What the operations make of a batch of `count` images of this size, as numbers of samples.

    Returns:
        {"sample", "share", "other"}, each (B, *size): the sample that a pixel shows most of, the
        share of that sample, and the sample of the rest. Where nothing is blended, the share is 1
        and both are the same sample. -1 is no sample, and its share is 1, too.
    """
    own = ops.arange(count, dtype="int32")
    own = ops.broadcast_to(ops.reshape(own, (-1, *[1] * (len(size) + 1))), (count, *size, 1))
    found, _ = _followed(operations, [own, ops.ones_like(own, dtype="float32"), own], False)
    sample, share, other = (each[..., 0] for each in found)
    missing = sample == NONE
    return {
        "sample": sample,
        "share": ops.where(missing, 1.0, share),
        "other": ops.where(missing, NONE, other),
    }


def _followed(operations, found, blended):
    """([sample, share, other], has anything been blended?) after the operations."""
    for group in fuse(operations):
        if isinstance(group, Lookup):
            found = _looked_up(group, found)
        elif isinstance(group, Write):
            # The label that it writes into masks: here it says that they show no sample.
            erased = replace(group, image=None, label=NONE)
            found = execute.run_group(erased, Batch(None, found, [])).masks
        elif isinstance(group, Blend):
            if blended:
                raise ValueError(
                    f"{type(group.origin).__name__}: `return_mixing` tells of two samples a pixel. "
                    "Received a pipeline that blends samples twice, which makes them four."
                )
            found, blended = _blended(group, found), True
        elif isinstance(group, Select):
            pairs = [_followed(branch, found, blended) for branch in group.branches]
            results = [Batch(None, each, []) for each, _ in pairs]
            found = execute.select(group.choice, results).masks
            blended = any(flag for _, flag in pairs)
    return found, blended


def _looked_up(lookup, found):
    border = lookup.border and Border(lookup.border.mode, None, NONE)
    moved = replace(lookup, border=border, swaps=(), axes=None)
    return execute.run_group(moved, Batch(None, found, [])).masks


def _blended(blend, found):
    sample, _, _ = found
    theirs = ops.take(sample, blend.source, axis=0)
    weight = ops.broadcast_to(
        ops.reshape(blend.weight, (-1, *[1] * (len(sample.shape) - 1))), ops.shape(sample)
    )
    larger = weight >= 0.5
    mixed = [
        ops.where(larger, sample, theirs),
        ops.maximum(weight, 1.0 - weight),
        ops.where(larger, theirs, sample),
    ]
    return [where(blend.acts, new, old) for new, old in zip(mixed, found, strict=True)]
