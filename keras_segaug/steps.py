"""Leaf layers with what they drew, run in groups that share one lookup."""

import itertools

import keras

from keras_segaug import checks
from keras_segaug.backend import ops
from keras_segaug.kernels import channels, octets
from keras_segaug.kernels.blocks import computed_apart, in_parts
from keras_segaug.sample import Batch


def merged(steps):
    """The steps in their order, as groups of those that are run as one."""
    groups: list[list] = []
    for step in steps:
        if groups and step[0].merges(groups[-1]):
            groups[-1].append(step)
        else:
            groups.append([step])
    return groups


def run(steps, batch, dtype):
    """Runs the steps in order, those that merge as one; the images come back in this dtype.

    With None they come back as the last step leaves them.

    From the first that gains by it on, that is done picture by picture. What only copies pixels,
    or changes each by itself, has nothing to gain: it reads and writes everything once.
    """
    groups = merged(steps)
    for i, group in enumerate(groups):
        group = aimed(group, batch)
        behind = _together(group, groups[i + 1 :])
        if any(each[0][0].by_picture(each, batch.size()) for each in behind):
            return _in_parts([group, *groups[i + 1 :]], batch, dtype)
        if group[0][0].touches == "all":
            batch = Batch(channels.joined(batch.images), batch.masks, batch.weights)
        batch = group[0][0].run(group, batch)
    return _with_dtype(batch, dtype)


def _together(group, later):
    """The group and, if it changes colours, the later ones that do until something else is done."""
    colours = itertools.takewhile(lambda each: each[0][0].touches == "images", [group, *later])
    return list(colours) or [group]


def aimed(group, batch):
    """The group, its first step's parameters completed by what the batch shows."""
    (first, drawn), *rest = group
    return group if drawn is None else [(first, first.aim(drawn, batch)), *rest]


def _in_parts(groups, batch, dtype):
    layers = [[layer for layer, _ in group] for group in groups]

    def run_part(images, masks, weights, drawn):
        part, colours = Batch(images, masks, weights), []
        for i, (group, parameters) in enumerate(zip(layers, drawn, strict=True)):
            steps = list(zip(group, parameters, strict=True))
            if group[0].touches == "images":
                colours.append(steps)
                continue
            if group[0].touches != "masks":
                part, colours = _coloured(colours, part), []
            # The first group has been aimed, by the whole batch.
            part = group[0].run(steps if i == 0 else aimed(steps, part), part)
        part = _with_dtype(_coloured(colours, part, dtype or "float32"), dtype)
        return [part.images, *part.masks, *part.weights]

    drawn = [[parameters for _, parameters in group] for group in groups]
    images = channels.joined(batch.images)
    images, *rest = in_parts(run_part, images, batch.masks, batch.weights, drawn)
    return Batch(images, rest[: len(batch.masks)], rest[len(batch.masks) :])


def _coloured(groups, batch, dtype="float32"):
    """Runs groups that touch the images alone; those come back in this dtype."""

    def run_all(images):
        part = Batch(images, [], [])
        for group in groups:
            part = group[0][0].run(group, part)
        return as_dtype(part.images, dtype)

    if not groups:
        return batch
    images = computed_apart(run_all, batch.images, ops.shape(batch.images), dtype)
    return Batch(images, batch.masks, batch.weights)


def undo(steps, batch, size, dtype, predictions=False):
    """Moves a batch back to a picture of this size; the steps that move nothing stay.

    Predictions are class scores in the place of the images.
    """
    size = ops.shape(batch.images)[1:3] if size == "same" else size
    choice = next((i for i, (layer, _) in enumerate(steps) if layer.selects), None)
    if choice is not None:
        before, (layer, parameters), after = steps[:choice], steps[choice], steps[choice + 1 :]
        return layer.select(
            parameters,
            lambda inner: undo([*before, *inner, *after], batch, size, dtype, predictions),
        )
    moving = [step for step in steps if step[0].moves]
    if moving:
        batch = moving[0][0].undo(moving, batch, size, predictions)
    return _with_dtype(batch, dtype)


def _with_dtype(batch, dtype):
    return Batch(as_dtype(batch.images, dtype), batch.masks, batch.weights)


def as_dtype(images, dtype):
    """Casts, into integers by rounding and clipping to what they can hold; None leaves it."""
    if isinstance(images, list) and dtype == "uint8" and len(images) <= octets.BYTES:
        return channels.joined_octets(images)
    images = channels.joined(images)
    if dtype is None:
        return images
    if keras.backend.standardize_dtype(images.dtype) == dtype or "int" not in dtype:
        return ops.cast(images, dtype)
    clipped = ops.clip(ops.cast(images, "float32"), *checks.integer_limits(dtype))
    return ops.cast(octets.rounded(clipped) if dtype == "uint8" else ops.round(clipped), dtype)
