"""Leaf layers with what they drew, run in groups that share one lookup."""

import keras

from keras_segaug import checks
from keras_segaug.backend import ops


def merged(steps):
    """The steps in their order, as groups of those that are run as one."""
    groups: list[list] = []
    for step in steps:
        if groups and step[0].merges(groups[-1]):
            groups[-1].append(step)
        else:
            groups.append([step])
    return groups


def run(steps, batch):
    """Runs the steps in order, those that merge as one."""
    for group in merged(steps):
        batch = group[0][0].run(group, batch)
    return batch


def undo(steps, batch, size):
    """Moves a batch back to a picture of this size; the steps that move nothing stay."""
    moving = [step for step in steps if step[0].moves]
    if not moving:
        return batch
    size = ops.shape(batch.images)[1:3] if size == "same" else size
    return moving[0][0].undo(moving, batch, size)


def as_dtype(images, dtype):
    """Casts; into integers by rounding and clipping to what they can hold."""
    if keras.backend.standardize_dtype(images.dtype) == dtype or "int" not in dtype:
        return ops.cast(images, dtype)
    rounded = ops.floor(ops.cast(images, "float32") + 0.5)
    return ops.cast(ops.clip(rounded, *checks.integer_limits(dtype)), dtype)
