"""One lookup for a picture and all that belongs to it."""

import keras

from keras_segaug.core.backend import ops
from keras_segaug.kernels import byte_packing
from keras_segaug.kernels.packed_sampler import packed_reader, unpack
from keras_segaug.kernels.samplers import read_rows, reader


def look_up(images, labels, points, interpolation, fill_mode, fill_value):
    """Reads images and labels at the same points.

    Args:
        images: (B, H, W, C), any dtype; 8-bit images come back as 8 bits.
        labels: pairs of a tensor (B, H, W, K), looked up as nearest, and its fill.
        points: `Points` of the output.
        interpolation: of the images.
        fill_mode: as in `resample.reader`.
        fill_value: of the images, for "constant"; rounded where they are integers.

    Returns:
        The images, and a list of the labels.
    """
    fill_value = filled_with(images, fill_value)
    packs = interpolation != "bicubic" and _fits_word(images, fill_value)
    # The label of the first mask fits into the same word.
    inside = labels[:1] if packs and labels and _fits_byte(labels[0][0]) else []
    if packs:
        readers = [packed_reader(images, inside, interpolation, fill_mode, fill_value)]
    else:
        readers = [reader(images, interpolation, fill_mode, fill_value)]
    readers += [reader(label, "nearest", fill_mode, fill) for label, fill in labels[len(inside) :]]
    found, *rest = read_rows(readers, *points.in_rows(ops.shape(images)[0]))
    if packs:
        found, label = unpack(found, images.shape[-1])
        return found, [label, *rest] if inside else rest
    return as_eight_bits(found) if dtype_of(images) == "uint8" else found, rest


def dtype_of(tensor):
    return keras.backend.standardize_dtype(tensor.dtype)


def _fits_word(images, fill_value):
    """Do three channels of a pixel leave room for a label in 32 bits?"""
    eight_bits = dtype_of(images) == "uint8" and fill_value in range(256)
    return eight_bits and images.shape[-1] <= 3


def _fits_byte(label):
    return dtype_of(label) == "uint8" and label.shape[-1] == 1


def filled_with(images, fill_value):
    """What is filled is a pixel as any other: of integers, the nearest number."""
    return round(fill_value) if "int" in dtype_of(images) else fill_value


def as_eight_bits(images):
    """As the packed lookup rounds; a cubic may have gone beyond. Nearest pixels are 8 bits."""
    if dtype_of(images) == "uint8":
        return images
    return ops.cast(byte_packing.rounded(ops.clip(images, 0.0, 255.0)), "uint8")
