"""Which classes a mask (B, *size, K) holds, and which pixels belong to some of them.

With K = 1 its values are class ids; otherwise a pixel belongs to every class whose channel is on.
"""

from keras_segaug import checks
from keras_segaug.core.backend import gather_rows, ops
from keras_segaug.kernels.sampling import dtype_of


def known_pixels(mask, ignored):
    """The pixels that have a class other than the ignored one: bool (B, *size)."""
    if mask.shape[-1] == 1:
        return ~is_class(mask, ignored)
    on = ops.any(mask > 0, axis=-1) if dtype_of(mask) != "bool" else ops.any(mask, axis=-1)
    return on & ~is_class(mask, ignored) if 0 <= ignored < mask.shape[-1] else on


def is_class(mask, class_id):
    """The pixels of one class: bool (B, *size)."""
    if mask.shape[-1] > 1:
        return mask[..., class_id] if dtype_of(mask) == "bool" else mask[..., class_id] > 0
    low, high = checks.mask_limits(dtype_of(mask))
    if not low <= class_id <= high:
        return ops.zeros_like(mask[..., 0], dtype="bool")
    return mask[..., 0] == ops.cast(class_id, mask.dtype)


def present_classes(mask, count, ignored):
    """Which of the classes 0 .. count - 1 each mask holds: bool (B, count)."""
    if mask.shape[-1] > 1:
        on = mask if dtype_of(mask) == "bool" else mask > 0
        present = ops.any(on, axis=tuple(range(1, len(mask.shape) - 1)))
        present = ops.pad(present, ((0, 0), (0, count - mask.shape[-1])))
    else:
        batch = ops.shape(mask)[0]
        ids = ops.reshape(_ids(mask, count), (batch, -1))
        places = ids + (count + 1) * ops.arange(batch, dtype="int32")[:, None]
        # Counted in one pass, however many classes there are.
        places = ops.reshape(places, (-1,))
        held = ops.segment_max(ops.ones_like(places), places, batch * (count + 1))
        present = ops.reshape(held, (batch, count + 1))[:, :count] > 0
    if ignored is None:
        return present
    return present & (ops.arange(count, dtype="int32") != ignored)


def of_classes(mask, classes):
    """The pixels of classes (B, count) of each mask: bool (B, *size)."""
    count = classes.shape[-1]
    if mask.shape[-1] > 1:
        on = mask if dtype_of(mask) == "bool" else mask > 0
        wanted = classes[:, : mask.shape[-1]]
        return ops.any(on & wanted[(slice(None), *[None] * (len(mask.shape) - 2))], axis=-1)
    batch = ops.shape(mask)[0]
    table = ops.reshape(ops.pad(classes, ((0, 0), (0, 1))), (-1, 1))
    first = (count + 1) * ops.arange(batch, dtype="int32")
    first = ops.reshape(first, (-1, *[1] * (len(mask.shape) - 2)))
    return gather_rows(ops.cast(table, "uint8"), _ids(mask, count) + first)[..., 0] > 0


def _ids(mask, count):
    """Class ids as int32 (B, *size); `count` for all that are not in 0 .. count - 1."""
    values = mask[..., 0]
    if dtype_of(values) == "bool":
        return ops.cast(values, "int32")
    if "float" in dtype_of(values):
        values = ops.cast(values, "float32")
        held = (values >= 0.0) & (values < count)
        return ops.cast(ops.where(held, values, float(count)), "int32")
    # Compared in the mask's own dtype: 64 bits may not fit into 32.
    held = values >= 0
    _, high = checks.mask_limits(dtype_of(values))
    if high >= count:
        held = held & (values < ops.cast(count, values.dtype))
    return ops.where(held, ops.cast(values, "int32"), count)
