"""Leaf layers with what they drew, run in groups that share one lookup."""

import itertools

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.inputs import Batch
from keras_segaug.core.targets import MASK_ROLES, WEIGHT_ROLES
from keras_segaug.engine.sampling_grid import Points
from keras_segaug.kernels import byte_packing, channels
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.xla_cpu.blocks import computed_apart, in_parts


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
    if any(layer.selects for layer, _ in steps):
        return by_choice(steps, lambda steps: undo(steps, batch, size, dtype, predictions))
    moving = [step for step in steps if step[0].moves]
    if moving:
        batch = moving[0][0].undo(moving, batch, size, predictions)
    return _with_dtype(batch, dtype)


def by_choice(steps, result_of):
    """`result_of` steps without their first choice, a `Batch`: each sample's own."""
    place = next(i for i, (layer, _) in enumerate(steps) if layer.selects)
    before, (layer, parameters), after = steps[:place], steps[place], steps[place + 1 :]
    return layer.select(parameters, lambda inner: result_of([*before, *inner, *after]))


def _with_dtype(batch, dtype):
    return Batch(as_dtype(batch.images, dtype), batch.masks, batch.weights)


def as_dtype(images, dtype):
    """Casts, into integers by rounding and clipping to what they can hold; None leaves it."""
    if isinstance(images, list) and dtype == "uint8" and len(images) <= byte_packing.BYTES:
        return channels.joined_octets(images)
    images = channels.joined(images)
    if dtype is None:
        return images
    if dtype_of(images) == dtype or "int" not in dtype:
        return ops.cast(images, dtype)
    clipped = ops.clip(ops.cast(images, "float32"), *checks.integer_limits(dtype))
    return ops.cast(
        byte_packing.rounded(clipped) if dtype == "uint8" else ops.round(clipped), dtype
    )


# --- All that belongs to a batch ---------------------------------------------------------------


def run_all(steps, packed, dtype, ranged):
    """Runs the steps on images and on all that belongs to them.

    Args:
        steps: the leaf layers with their parameters.
        packed: {role: list of tensors}, as `Sample.packed` returns them.
        dtype: of the images that come back.
        ranged: a function of steps and images, which completes the steps by what is known of
            the images beforehand.

    Returns:
        What became of `packed`.
    """
    batch = batch_of(packed)
    steps = ranged(steps, batch.images)
    if {"image", "continuous", "points"} & set(packed):
        steps = completed(steps, batch)
    also = {
        "image": lambda images: run(ranged(steps, images), Batch(images, [], []), dtype).images,
        "continuous": lambda values: _interpolated(steps, values),
        "points": lambda points: _followed(steps, points, batch.size(), None),
    }
    return _by_role(packed, run(steps, batch, dtype), also)


def undo_all(steps, packed, dtype, size, predictions=False):
    """Moves images and all that belongs to them back.

    Args:
        steps: as in `run_all`.
        packed: as in `run_all`.
        dtype: as in `run_all`.
        size: the (height, width) to move back to, or "same".
        predictions: are the images class scores? Their dtype stays.

    Returns:
        What became of `packed`.
    """
    batch = batch_of(packed)

    def alone(tensor, dtype):
        return undo(steps, Batch(tensor, [], []), size, dtype).images

    also = {
        "image": lambda images: alone(images, dtype),
        "continuous": lambda values: alone(values, dtype_of(values)),
        "points": lambda points: _followed(steps, points, batch.size(), size),
    }
    # Scores are no levels, which a policy may round.
    dtype = dtype_of(batch.images) if predictions else dtype
    return _by_role(packed, undo(steps, batch, size, dtype, predictions), also)


def _by_role(packed, moved, also):
    """{role: list of tensors} from the batch that has moved, and functions for the other roles."""
    rest = iter([*moved.masks, *moved.weights])
    inside = [role for role in (*MASK_ROLES, *WEIGHT_ROLES) if role in packed]
    return {
        "images": [moved.images],
        **{role: [next(rest) for _ in packed[role]] for role in inside},
        **{role: [one(x) for x in packed[role]] for role, one in also.items() if role in packed},
    }


def batch_of(packed):
    """The images with all masks and weights, which one run of the steps takes along."""
    masks, weights = (
        [tensor for role in roles for tensor in packed.get(role, [])]
        for roles in (MASK_ROLES, WEIGHT_ROLES)
    )
    return Batch(packed["images"][0], masks, weights)


def completed(steps, batch):
    """The steps, their parameters completed as `run` completes them on this batch.

    What is moved after the batch, without its masks, must see what the batch has shown.
    """
    last = max((i for i, step in enumerate(steps) if step[0].looks_at_masks), default=-1)
    done: list = []
    for group in merged(steps[: last + 1]):
        if group[0][0].touches == "all":
            batch = Batch(channels.joined(batch.images), batch.masks, batch.weights)
        group = aimed(group, batch)
        done += group
        if len(done) <= last:
            batch = group[0][0].run(group, batch)
    return done + steps[last + 1 :]


def _interpolated(steps, values):
    """Values that are moved with the images and not colored, in their own dtype.

    What is between two groups of steps stays between them, so that both meet the same borders.
    """
    batch = Batch(values, [], [])
    for group in merged(steps):
        layer, parameters = group[0]
        if layer.selects:
            batch = layer.select(
                parameters,
                lambda inner, images=batch.images: Batch(_interpolated(inner, images), [], []),
            )
        elif layer.moves:
            batch = layer.run(group, batch)
    return as_dtype(batch.images, dtype_of(values))


def _followed(steps, points, size, original):
    """Points (B, N, 2) of images of this size, moved as their pixels are.

    Args:
        steps: the leaf layers with their parameters.
        points: float32, x and y.
        size: of the images that the points are given with.
        original: None; to move back: the size to move back to, or "same".
    """
    if any(layer.selects for layer, _ in steps):

        def followed(steps):
            return Batch(_followed(steps, points, size, original)[..., None], [], [])

        return by_choice(steps, followed).images[..., 0]
    moving = [step for step in steps if step[0].moves]
    sizes = [size if original in (None, "same") else original]
    for layer, _ in moving:
        sizes.append(layer.output_size(*sizes[-1]))
    walk = list(zip(moving, sizes[:-1], strict=True))
    # The size is that of a grid of points, which these are not.
    places = Points(None, None, grid=(points[..., :1], points[..., 1:]))
    for (layer, parameters), before in walk if original is None else reversed(walk):
        places = layer.follow(places, parameters, *before, inverse=original is None)
    return ops.concatenate(places.grid(), axis=-1)
