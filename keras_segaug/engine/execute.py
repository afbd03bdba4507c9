"""Runs operations on a batch."""

import functools
import itertools

from keras_segaug import checks
from keras_segaug.core.backend import name, ops, torch_backend
from keras_segaug.core.devices import runs_python_on_cpu
from keras_segaug.engine import fuse as fusing
from keras_segaug.engine import mixing
from keras_segaug.engine.batch import Batch
from keras_segaug.engine.colors import as_dtype, run_color, where
from keras_segaug.engine.fuse import Lookup, fuse
from keras_segaug.engine.operations import Blend, Color, Labels, Select, Write
from keras_segaug.engine.writing import mask_fill, run_blend, run_write
from keras_segaug.kernels import antialias, channels, labels
from keras_segaug.kernels.copies import copy
from keras_segaug.kernels.matrices import same_size
from keras_segaug.kernels.sampling import dtype_of, look_up
from keras_segaug.kernels.xla_cpu.blocks import fusion_barrier, map_chunks


def run(operations, batch, dtype):
    """Runs operations in order, fused where possible; the images come back in this dtype.

    With None they come back as the last operation leaves them.

    From the first operation that gains by it on, the work is done image by image. Operations that
    only copy pixels, or change each separately, gain nothing: they read and write everything once.
    """
    stretches = [list(each) for _, each in itertools.groupby(fuse(operations), _mixes)]
    for number, groups in enumerate(stretches, 1):
        batch = _run_stretch(groups, batch, dtype if number == len(stretches) else None)
    return _with_dtype(batch, dtype)


def _run_stretch(groups, batch, dtype):
    """Runs groups that either all mix samples, which takes the whole batch, or all do not."""
    one_by_one = runs_python_on_cpu(batch.first())
    for i, group in enumerate(groups):
        alike = _together(group, groups[i + 1 :])
        if (one_by_one or _prefer_per_image(alike)) and not _mixes(group):
            return _image_by_image(groups[i:], batch, dtype)
        batch = run_group(group, batch)
    return batch


def _together(group, later):
    """The group and, if it changes colors, the color changes that directly follow it."""
    colors = itertools.takewhile(lambda each: isinstance(each, Color), [group, *later])
    return list(colors) or [group]


def _prefer_per_image(alike):
    """Does a CPU gain by finishing one image before it turns to the next?"""
    passes = _passes(alike) if isinstance(alike[0], Color) else [alike]
    return len(passes) > 1 or any(map(_prefers_per_image, alike))


def _prefers_per_image(group):
    """Does it read a pixel more than once, or out of order?"""
    if isinstance(group, Color):
        return group.looks_around
    return isinstance(group, Lookup) and bool(group.steps) and not group.copies


def _mixes(group):
    if isinstance(group, Select):
        return any(map(_mixes, itertools.chain(*map(fuse, group.branches))))
    if isinstance(group, Color):
        return group.source is not None
    return isinstance(group, Blend) or (isinstance(group, Lookup) and group.mixes)


def _image_by_image(groups, batch, dtype):
    def run_part(images, masks, weights, groups):
        part, colors = Batch(images, masks, weights), []
        for group in groups:
            if isinstance(group, Color):
                colors.append(group)
                continue
            if not isinstance(group, Labels) or any(each.reads_masks for each in colors):
                part, colors = _colored(colors, part), []
            part = run_group(group, part)
        part = _with_dtype(_colored(colors, part, dtype or "float32"), dtype)
        images = [] if part.images is None else [part.images]
        return [*images, *part.masks, *part.weights]

    images = channels.joined(batch.images)
    found = map_chunks(run_part, images, batch.masks, batch.weights, groups)
    return _batch_like(batch, *([None] if images is None else []), *found)


def _colored(colors, batch, dtype="float32"):
    """Runs color operations; the images come back in this dtype."""
    if not colors or batch.images is None:
        return batch
    *first, last = _passes(colors)
    images = batch.images
    for each, result in [*((each, "float32") for each in first), (last, dtype)]:
        run_pass = functools.partial(_run_pass, each, batch.masks, result)
        by_lines = each[-1].takes_bytes and not any(one.reach == "pixels" for one in each)
        images = fusion_barrier(run_pass, images, ops.shape(images), result, by_lines)
    return Batch(images, batch.masks, batch.weights)


def _run_pass(colors, masks, dtype, images):
    for each in colors:
        images = run_color(each, images, masks)
    return as_dtype(images, dtype)


def _passes(colors):
    """The operations, divided into those that one pass over the image computes.

    An expensive function of values after one of pixels begins another: XLA makes such a loop
    without vector instructions.
    """
    passes: list[list[Color]] = [[]]
    for each in colors:
        if each.tabulate and any(before.reach == "pixels" for before in passes[-1]):
            passes.append([])
        passes[-1].append(each)
    return passes


def run_group(group, batch):
    """Runs one operation, or one `Lookup`."""
    if isinstance(group, Color):
        images = batch.images
        images = None if images is None else run_color(group, images, batch.masks)
        return Batch(images, batch.masks, batch.weights)
    if isinstance(group, Labels):
        return Batch(batch.images, _relabeled(group, batch.masks), batch.weights)
    batch = Batch(channels.joined(batch.images), batch.masks, batch.weights)
    return _RUN[type(group)](group, batch)


def _relabeled(labels, masks):
    given = () if labels.parameters is None else (labels.parameters,)
    return [
        where(labels.acts, labels.function(mask, *given), mask)
        if labels.only in (None, number)
        else mask
        for number, mask in enumerate(masks)
    ]


# --- Geometry ----------------------------------------------------------------------------------


def _run_lookup(lookup, batch):
    if lookup.axes is not None:
        return _resized(lookup, batch)
    batch = _with_classes_swapped(lookup, batch)
    tensors = [batch.images, *batch.masks, *batch.weights]
    if lookup.pastes:
        return _batch_like(batch, *mixing.pasted(lookup.steps[0], tensors))
    if lookup.copies:
        there = [tensor for tensor in tensors if tensor is not None]
        copied = iter(copy(there, lookup.steps[0], lookup.size))
        moved = [None if tensor is None else next(copied) for tensor in tensors]
        return _batch_like(batch, *moved)
    return _looked_up(lookup, batch)


def _batch_like(batch, images, *rest):
    return Batch(images, list(rest[: len(batch.masks)]), list(rest[len(batch.masks) :]))


def _looked_up(lookup, batch):
    if not lookup.steps and same_size(lookup.before, lookup.size):
        return batch
    mode, value, label = lookup.border or ("nearest", None, None)
    if mode == "constant" and batch.images is not None:
        checks.fits_images(lookup.filler, "fill_value", value, dtype_of(batch.images))
    rest = [(mask, mask_fill(lookup.filler, mask, mode, label)) for mask in batch.masks]
    rest += [(weights, 0) for weights in batch.weights]
    interpolation = lookup.interpolation or "nearest"
    images, moved = look_up(batch.images, rest, lookup.grid(), interpolation, mode, value or 0.0)
    return _batch_like(batch, images, *moved)


def _resized(lookup, batch):
    """The images blended along their axes; masks and weights by a lookup."""
    images = batch.images
    if images is not None:
        mode, value, _ = lookup.border or ("nearest", None, None)
        if mode == "constant":
            checks.fits_images(lookup.filler, "fill_value", value, dtype_of(images))
        images = antialias.resize(images, lookup.axes, lookup.interpolation, mode, value)
    if not batch.masks and not batch.weights:
        return Batch(images, [], [])
    rest = _looked_up(lookup, Batch(None, batch.masks, batch.weights))
    return Batch(images, rest.masks, rest.weights)


def _with_classes_swapped(lookup, batch, predictions=False):
    """The masks, with left and right classes swapped in mirrored samples.

    In predictions, which are class scores in place of the images, the channels swap likewise.
    """
    images, masks = batch.images, batch.masks
    for swap in lookup.swaps:
        mirrored = ops.reshape(swap.mirrored, (-1, *[1] * (len(lookup.size) + 1)))
        masks = [labels.swap(swap.origin, mask, swap.pairs, mirrored) for mask in masks]
        if predictions:
            images = labels.swap_scores(swap.origin, images, swap.pairs, mirrored)
    return Batch(images, masks, batch.weights)


# --- Choices ------------------------------------------------------------------------------------


def select(choice, results):
    """Each sample's own result, out of one `Batch` for each branch."""
    if len({dtype_of(each.images) for each in results if each.images is not None}) > 1:
        # Some branches are 8-bit geometry, others colors.
        results = [
            Batch(ops.cast(each.images, "float32"), each.masks, each.weights) for each in results
        ]
    selected, *others = results
    for number, other in enumerate(others, 1):
        chosen = choice == number
        selected = _batch_like(
            selected,
            None if selected.images is None else where(chosen, other.images, selected.images),
            *(where(chosen, a, b) for a, b in zip(other.masks, selected.masks, strict=True)),
            *(where(chosen, a, b) for a, b in zip(other.weights, selected.weights, strict=True)),
        )
    return selected


def _run_select(operation, batch):
    results = [run(branch, batch, None) for branch in operation.branches]
    return select(operation.choice, results)


_RUN = {Lookup: _run_lookup, Write: run_write, Blend: run_blend, Select: _run_select}


# --- The dtype of images -----------------------------------------------------------------------


def _with_dtype(batch, dtype):
    images = None if batch.images is None else as_dtype(batch.images, dtype)
    if images is not None and name() == "torch":
        images = torch_backend().in_order(images)
    return Batch(images, batch.masks, batch.weights)


# --- Moving back --------------------------------------------------------------------------------


def run_back(operations, batch, dtype, predictions=False):
    """Moves a batch back to where it was; what operations do besides moving is not undone.

    Predictions are class scores in place of the images.
    """
    if any(isinstance(each, Select) for each in operations):
        for each in operations:
            if isinstance(each, Select) and _mixes(each):
                raise ValueError(
                    f"{type(each.origin).__name__}: `invert` cannot move back a choice among "
                    "layers that mix samples. Leave it out of what is to be moved back."
                )
        return for_each_branch(operations, lambda each: run_back(each, batch, dtype, predictions))
    lookups = fusing.inverted(operations)
    if lookups:
        checks.image_size(lookups[0].filler, batch.size(), lookups[0].before)
    for lookup in lookups:
        batch = _with_classes_swapped(lookup, batch, predictions)
        batch = _looked_up(lookup, batch)
    return _with_dtype(batch, dtype)


def for_each_branch(operations, result_of):
    """A `Batch`: `result_of` for each branch of the first choice, each sample with its own."""
    place = next(i for i, each in enumerate(operations) if isinstance(each, Select))
    before, chosen, after = operations[:place], operations[place], operations[place + 1 :]
    results = [result_of([*before, *branch, *after]) for branch in chosen.branches]
    return select(chosen.choice, results)
