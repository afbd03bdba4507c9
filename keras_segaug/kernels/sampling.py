"""One lookup for an image and everything that belongs to it."""

import keras

from keras_segaug.core.backend import name, ops, torch_backend
from keras_segaug.kernels import byte_packing
from keras_segaug.kernels.packed_sampler import packed_sampler, unpack
from keras_segaug.kernels.samplers import fold, read_rows, sampler


def look_up(images, labels, grid, interpolation, fill_mode, fill_value):
    """Reads images and labels at the same points.

    Args:
        images: (B, *size, C), any dtype; 8-bit images stay 8-bit images. None: only labels.
        labels: pairs of a tensor (B, *size, K), looked up as nearest, and its fill value.
        grid: a `SamplingGrid` of the output.
        interpolation: of the images.
        fill_mode: as in `samplers.sampler`.
        fill_value: of the images, for "constant"; rounded where they are integers.

    Returns:
        The images, and a list of the labels.
    """
    if images is not None:
        fill_value = filled_with(images, fill_value)
    if name() == "torch" and torch_backend().can_look_up(images, labels, grid):
        return _by_torch(images, labels, grid, interpolation, fill_mode, fill_value)
    samplers = [sampler(each, "nearest", fill_mode, fill) for each, fill in labels]
    if images is None:
        batch = ops.shape(labels[0][0])[0]
        return None, list(read_rows(samplers, *grid.in_rows(batch)))
    batch = ops.shape(images)[0]
    if interpolation == "bicubic" or not _fits_word(images, fill_value):
        first = sampler(images, interpolation, fill_mode, fill_value)
        found, *rest = read_rows([first, *samplers], *grid.in_rows(batch))
        return as_eight_bits(found) if dtype_of(images) == "uint8" else found, rest
    # The label of the first mask fits into the same word.
    inside = labels[:1] if labels and _fits_byte(labels[0][0]) else []
    first = packed_sampler(images, inside, interpolation, fill_mode, fill_value)
    samplers = [first, *samplers[len(inside) :]]
    words, *rest = read_rows(samplers, *grid.in_rows(batch))
    found, label = unpack(words, images.shape[-1])
    return found, [label, *rest] if inside else rest


def _by_torch(images, labels, grid, interpolation, fill_mode, fill_value):
    """Reads images and labels by torch's own functions, at points that are folded once."""
    first = labels[0][0] if images is None else images
    batch, *size = first.shape[:-1]
    reach = 1 if fill_mode == "constant" else 0
    pairs = zip(grid.grid(), size, strict=True)
    points = [fold(axis, n, fill_mode, reach) for axis, n in pairs]
    packed = images is not None and interpolation == "bilinear" and _fits_word(images, fill_value)
    found = []
    for number, (label, fill) in enumerate(labels):
        corners = packed and number == 0 and _fits_byte(label)
        found.append(torch_backend().nearest(label, points, fill_mode, fill, corners))
    if images is None:
        return None, found
    if interpolation == "nearest":
        return torch_backend().nearest(images, points, fill_mode, fill_value, False), found
    if interpolation == "bilinear" and dtype_of(images) == "uint8" and fill_value in range(256):
        return torch_backend().blended(images, points, fill_mode, fill_value), found
    if interpolation == "bilinear":
        values = torch_backend().blended_floats(images, points, fill_mode, fill_value)
    else:
        each = sampler(images, interpolation, fill_mode, fill_value)
        [values] = read_rows([each], *grid.in_rows(batch))
    return as_eight_bits(values) if dtype_of(images) == "uint8" else values, found


def dtype_of(tensor):
    return keras.backend.standardize_dtype(tensor.dtype)


def _fits_word(images, fill_value):
    """Do the channels of a pixel leave room for a label in 32 bits?"""
    eight_bits = dtype_of(images) == "uint8" and fill_value in range(256)
    return eight_bits and images.shape[-1] <= 3 and len(images.shape) == 4


def _fits_byte(label):
    return dtype_of(label) == "uint8" and label.shape[-1] == 1


def filled_with(images, fill_value):
    """The fill value as such images hold it: for integers, the nearest number."""
    return round(fill_value) if "int" in dtype_of(images) else fill_value


def as_eight_bits(images):
    """Rounded as in the packed lookup, and clipped, since a cubic overshoots; 8 bits are kept."""
    if dtype_of(images) == "uint8":
        return images
    return byte_packing.eight_bits(images)
