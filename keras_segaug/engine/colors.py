"""Runs color operations, and gives images their dtype."""

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.kernels import byte_packing, channels, color
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.xla_cpu.tables import can_tabulate, tabulated


def where(condition, result, original):
    """Per sample: the result where the condition (B,) holds, the original elsewhere."""
    if condition is None:
        return result
    condition = ops.reshape(condition, (-1, *[1] * (len(original.shape) - 1)))
    return ops.where(condition, result, original)


def run_color(operation, images):
    """New images of images (B, *size, C), or of a list of their channels, which stays a list."""
    acts, function = operation.acts, operation.function
    rank = len((images[0] if isinstance(images, list) else images).shape)
    drawn = {
        name: ops.reshape(value, (-1, *[1] * (rank - 1)))
        if len(getattr(value, "shape", ())) == 1
        else value
        for name, value in operation.parameters.items()
    }

    def with_statistics(images):
        if operation.statistics is None:
            return drawn
        several = isinstance(images, list)
        means = [color.channel_means(x, drawn["gaps"]) for x in (images if several else [images])]
        return {**drawn, "mean": means if several else means[0]}

    def transform(images):
        return where(acts, function(images, with_statistics(images)), images)

    if operation.reach == "pixels":
        before = channels.split(images)
        after = function(before, with_statistics(before))
        return [where(acts, *pair) for pair in zip(after, before, strict=True)]
    if operation.reach == "values" and isinstance(images, list):
        return [transform(each) for each in images]
    if operation.tabulate and can_tabulate(images):
        return tabulated(transform, images)
    return transform(ops.cast(channels.joined(images), "float32"))


def as_dtype(images, dtype):
    """Casts, into integers by rounding and clipping to what they can hold; None leaves it."""
    if isinstance(images, list) and dtype == "uint8" and len(images) <= byte_packing.BYTES:
        return channels.joined_bytes(images)
    images = channels.joined(images)
    if dtype is None:
        return images
    if dtype_of(images) == dtype or "int" not in dtype:
        return ops.cast(images, dtype)
    clipped = ops.clip(ops.cast(images, "float32"), *checks.integer_limits(dtype))
    rounded = byte_packing.rounded(clipped) if dtype == "uint8" else ops.round(clipped)
    return ops.cast(rounded, dtype)
