"""Runs operations that write over a region, or that blend samples."""

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.engine.batch import Batch
from keras_segaug.engine.colors import as_dtype, where
from keras_segaug.kernels.fields import pixel_grid
from keras_segaug.kernels.sampling import dtype_of


def run_write(write, batch):
    held = write.region.holds(pixel_grid(batch.size()))[..., None]
    if write.acts is not None:
        held = held & ops.reshape(write.acts, (-1, *[1] * (len(held.shape) - 1)))

    def written(value, tensor):
        return ops.where(held, ops.cast(ops.convert_to_tensor(value), tensor.dtype), tensor)

    images, masks, weights = batch.images, batch.masks, batch.weights
    if images is not None:
        images = written(_new_values(write, images), images)
    if write.label is not None:
        masks = [written(mask_fill(write.origin, m, "constant", write.label), m) for m in masks]
        weights = [written(0, each) for each in weights]
    return Batch(images, masks, weights)


def _new_values(write, images):
    dtype = dtype_of(images)
    if hasattr(write.image, "like"):
        return as_dtype(write.image.like(images), dtype)
    checks.fits_images(write.origin, "fill_value", write.image, dtype)
    return as_dtype(ops.convert_to_tensor(write.image), dtype)


def run_blend(blend, batch):
    def mixed(tensor):
        shape = (-1, *[1] * (len(tensor.shape) - 1))
        weight = ops.reshape(blend.weight, shape)
        values = ops.cast(tensor, "float32")
        other = ops.take(values, blend.source, axis=0)
        return where(blend.acts, weight * values + (1.0 - weight) * other, values)

    def of_larger(tensor):
        other = ops.take(tensor, blend.source, axis=0)
        return where(blend.acts, where(blend.weight >= 0.5, tensor, other), tensor)

    for mask in [] if blend.larger else batch.masks:
        if "float" not in dtype_of(mask) or mask.shape[-1] == 1:
            raise ValueError(
                f"{checks.name_of(blend.origin)}: masks must be one-hot and of a float dtype, "
                f"since class ids have no mean. Received a mask of {mask.shape[-1]} channels, "
                f"{dtype_of(mask)}. Put MaskOnlyOneHot before this layer and cast its masks to "
                'floats, or give it masks="larger".'
            )
    for weights in [] if blend.larger else batch.weights:
        if "float" not in dtype_of(weights):
            raise ValueError(
                f"{checks.name_of(blend.origin)}: per-pixel weights must be of a float dtype, "
                f"since their mean is no whole number. Received {dtype_of(weights)}. Cast them to "
                'floats, or give the layer masks="larger".'
            )
    images = None if batch.images is None else mixed(batch.images)
    change = of_larger if blend.larger else mixed
    masks, weights = (
        [ops.cast(change(each), each.dtype) for each in tensors]
        for tensors in (batch.masks, batch.weights)
    )
    return Batch(images, masks, weights)


def mask_fill(origin, mask, mode, label):
    """What a filled pixel of this mask holds: the class, or its one-hot row."""
    if mode != "constant":
        return 0
    count = mask.shape[-1]
    checks.known_channels(origin, "masks", count)
    if count > 1:
        return [int(channel == label) for channel in range(count)]
    checks.fits_dtype(origin, "mask_fill_value", label, dtype_of(mask))
    return label
