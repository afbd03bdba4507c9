"""Images as lists of their channels, for functions that mix the channels of a pixel.

With the channels side by side a compiler handles one pixel at a time wherever they meet, as
in a maximum over them; separately, it handles as many pixels at once as its vectors hold. A list
holds float32 tensors (B, H, W, 1).
"""

from keras_segaug.core.backend import compiling_for_cpu, ops, parts_of
from keras_segaug.kernels import byte_packing
from keras_segaug.kernels.sampling import dtype_of


def split(images):
    """The channels of images (B, H, W, C); a list is returned as it is."""
    if isinstance(images, list):
        return images
    channels = [images[..., i : i + 1] for i in range(images.shape[-1])]
    if compiling_for_cpu() and dtype_of(images) == "uint8" and len(channels) <= byte_packing.BYTES:
        # Every pixel is read once, and its channels are taken out of a register.
        pixels = byte_packing.pack(channels)
        channels = [byte_packing.value(pixels, place) for place in range(len(channels))]
    return [ops.cast(channel, "float32") for channel in channels]


def joined(images):
    """The images (B, H, W, C) of a list; images are returned as they are."""
    if not isinstance(images, list):
        return images
    if not compiling_for_cpu() or len(images) > byte_packing.BYTES:
        return ops.concatenate(images, axis=-1)
    # For a concatenation the compiler makes a branch for each channel, and computes what they
    # share again in each. In here only the choice depends on the channel.
    place = ops.arange(len(images), dtype="int32")
    result = images[-1]
    for i in reversed(range(len(images) - 1)):
        result = ops.where(place == i, images[i], result)
    return result


def joined_bytes(channels):
    """Up to four channels, rounded and clipped: uint8 (B, H, W, C)."""
    first, *others = [
        byte_packing.rounded(ops.clip(channel[..., 0], 0.0, 255.0), place)
        for place, channel in enumerate(channels)
    ]
    for pixels in others:
        first = first | pixels
    return parts_of(first, "uint8")[..., : len(channels)]
