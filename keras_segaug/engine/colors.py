"""Runs color operations, and gives images their dtype."""

from functools import reduce
from operator import or_

import numpy as np

from keras_segaug import checks
from keras_segaug.checks.classes import held
from keras_segaug.core.backend import compiling_for_cpu, name, ops, torch_backend
from keras_segaug.engine import color_choice
from keras_segaug.engine.operations import ColorChoice, ColorMix
from keras_segaug.kernels import byte_packing, channels, color
from keras_segaug.kernels.classes import is_class
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.values import replace
from keras_segaug.kernels.xla_cpu.switches import one_of_each, switches
from keras_segaug.kernels.xla_cpu.tables import can_tabulate, tabulated


def where(condition, result, original):
    """Per sample: the result where the condition (B,) holds, the original elsewhere."""
    if condition is None:
        return result
    if name() == "torch" and result.dtype == original.dtype:
        return torch_backend().where(condition, result, original)
    condition = ops.reshape(condition, (-1, *[1] * (len(original.shape) - 1)))
    return ops.where(condition, result, original)


def run_color(operation, images, masks=()):
    """New images from images (B, *size, C), or from a list of channels, which stays a list.

    Args:
        operation: a `Color`.
        images: what it changes.
        masks: (B, *size, K) each, for operations that only change the pixels of some classes.
    """
    if isinstance(operation, ColorChoice):
        return color_choice.run(operation, channels.joined(images), masks)
    if isinstance(operation, ColorMix):
        return _mixed(operation, channels.joined(images), masks)
    if operation.channels is not None:
        return _in_channels(operation, images, masks)
    if operation.classes is not None:
        return _in_classes(operation, images, masks)
    if operation.skippable and switches(images):
        return _where_it_acts(operation, channels.joined(images))
    return _in_all(operation, images)


def _where_it_acts(operation, images):
    """Changes the images of some samples, and computes nothing for the others."""

    def leave(turn, image, operation):
        return ops.cast(image, "float32")

    def change(turn, image, operation):
        return ops.cast(_in_all(operation, image), "float32")

    case = ops.cast(operation.acts, "int32")[:, None]
    return one_of_each(case, [leave, change], images, replace(operation, acts=None))


def _in_channels(operation, images, masks):
    """Changes the channels that the operation names; returns a list of all channels."""
    every = list(channels.split(images))
    most = max(operation.channels)
    if most >= len(every):
        accepted = f"among 0 to {len(every) - 1} for images of {len(every)} channels"
        checks.fail(operation.origin, "channels", accepted, operation.channels)
    chosen = [every[place] for place in operation.channels]
    changed = run_color(replace(operation, channels=None), chosen, masks)
    for place, channel in zip(operation.channels, channels.split(changed), strict=True):
        every[place] = channel
    return every


def _in_classes(operation, images, masks):
    """Changes the pixels whose classes the operation names."""
    if not masks:
        raise ValueError(
            f"{checks.name_of(operation.origin)}: `mask_classes` needs a mask, which says where "
            "the classes are. Received images alone. Call layer((images, masks)), or leave "
            "`mask_classes` out."
        )
    ids = held(operation.origin, "mask_classes", operation.classes, masks[0])
    chosen = reduce(or_, [is_class(masks[0], each) for each in ids])[..., None]
    changed = run_color(replace(operation, classes=None), images, masks)
    if isinstance(images, list) or isinstance(changed, list):
        pairs = zip(channels.split(changed), channels.split(images), strict=True)
        return [ops.where(chosen, new, old) for new, old in pairs]
    return ops.where(chosen, changed, ops.cast(images, changed.dtype))


def _in_all(operation, images):
    acts, function = operation.acts, operation.function
    rank = len((images[0] if isinstance(images, list) else images).shape)
    drawn = {
        name: ops.reshape(value, (-1, *[1] * (rank - 1)))
        if len(getattr(value, "shape", ())) == 1
        else value
        for name, value in operation.parameters.items()
    }
    if operation.source is not None:
        others = ops.cast(channels.joined(images), "float32")
        drawn["others"] = ops.take(others, operation.source, axis=0)

    def with_statistics(images):
        if operation.statistics is None:
            return drawn
        several = isinstance(images, list)
        means = [color.channel_means(x, drawn["gaps"]) for x in (images if several else [images])]
        return {**drawn, "mean": means if several else means[0]}

    def transform(images):
        result = function(images, with_statistics(images))
        return where(acts, result, ops.cast(images, result.dtype))

    if operation.reach == "pixels":
        before = channels.split(images)
        after = function(before, with_statistics(before))
        return [where(acts, *pair) for pair in zip(after, before, strict=True)]
    if operation.reach == "values" and isinstance(images, list):
        return [transform(each) for each in images]
    if operation.tabulate and can_tabulate(images):
        return tabulated(transform, images)
    images = channels.joined(images)
    if operation.takes_bytes and compiling_for_cpu() and dtype_of(images) == "uint8":
        return transform(images)
    return transform(ops.cast(images, "float32"))


def _mixed(operation, images, masks):
    """The image, mixed with what the chains make of it, by their weights."""
    original = ops.cast(images, "float32")
    places = (-1, *[1] * (len(images.shape) - 1))
    total = 0.0
    for number, chain in enumerate(operation.chains):
        changed = images
        for each in chain:
            changed = run_color(each, changed, masks)
        weight = ops.reshape(operation.weights[:, number], places)
        total = total + weight * ops.cast(channels.joined(changed), "float32")
    mixed = original + ops.reshape(operation.share, places) * (total - original)
    if operation.value_range is not None:
        mixed = color.clip(mixed, operation.value_range)
    return where(operation.acts, mixed, original)


def as_dtype(images, dtype):
    """Casts; to integers by rounding and clipping to what they can hold. None keeps the dtype."""
    packs = dtype == "uint8" and name() != "torch"
    if isinstance(images, list) and packs and len(images) <= byte_packing.BYTES:
        return channels.joined_bytes(images)
    images = channels.joined(images)
    if dtype is None:
        return images
    if dtype_of(images) == dtype or "int" not in dtype:
        return ops.cast(images, dtype)
    images = ops.cast(images, "float32")
    if dtype == "uint8":
        return byte_packing.eight_bits(images)
    return _whole_numbers(images, dtype)


def _whole_numbers(values, dtype):
    """Float32, rounded and clipped to what integers of this dtype can hold."""
    low, high = checks.integer_limits(dtype)
    nearest = np.float32(high)
    if int(nearest) <= high:
        return ops.cast(ops.round(ops.clip(values, low, high)), dtype)
    # In float32 the highest number of more than 24 bits is one that they cannot hold.
    below = float(np.nextafter(nearest, np.float32(0.0)))
    whole = ops.cast(ops.round(ops.clip(values, float(low), below)), dtype)
    highest = ops.convert_to_tensor(np.array(high, dtype))
    return ops.where(values > below, ops.cast(highest, whole.dtype), whole)
