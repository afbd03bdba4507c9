"""The lookup of 8-bit images: a pixel and its label in one 32-bit word.

Four loads for each pixel serve three channels and the mask. Colors are blended in float32 and
rounded once; the label is taken from the nearest of the same four words.
"""

from keras_segaug.core.backend import gather_rows, ops, parts_of
from keras_segaug.kernels import byte_packing
from keras_segaug.kernels.samplers import fold

# The byte of a word that holds the label.
LABEL = 3


def packed_sampler(images, label, interpolation, fill_mode, fill_value):
    """As `samplers.sampler` for the images, and nearest for the mask, in one lookup.

    Args:
        images: (B, H, W, C), uint8, C from 1 to 3.
        label: empty, or one pair of a mask (B, H, W, 1), uint8, and its fill value.
        interpolation: "nearest" or "bilinear".
        fill_mode: as in `samplers.sampler`.
        fill_value: for "constant": a whole number in 0 .. 255.

    Returns:
        A function (samples, grid) -> words, as `samplers.sampler` returns one;
        `unpack` takes them apart.
    """
    height, width, channels = ops.shape(images)[1:]
    fill = sum(int(fill_value) << (8 * channel) for channel in range(channels))
    for _, mask_fill_value in label:
        fill = byte_packing.signed(fill | int(mask_fill_value) << 8 * LABEL)
    words = bordered(pack(images, *[mask for mask, _ in label]), fill_mode, fill)
    table = ops.reshape(words, (-1,))
    margin = 1 if fill_mode == "constant" else 0
    row_length = width + 1 + 2 * margin
    size = (height + 1 + 2 * margin) * row_length

    def read(samples, grid):
        rows, columns = grid
        columns = fold(columns, width, fill_mode, margin)
        rows = fold(rows, height, fill_mode, margin)
        half = 0.5 if interpolation == "nearest" else 0.0
        left, top = ops.floor(columns + half), ops.floor(rows + half)
        first = samples * size + (ops.cast(top, "int32") + margin) * row_length
        first = first + ops.cast(left, "int32") + margin
        if interpolation == "nearest":
            return gather_rows(table, first)
        # Slices of the table that begin a step apart are read at one and the same index: the
        # compiler then extracts the index from its vector once instead of four times.
        steps = (0, 1, row_length, row_length + 1)
        count = ops.shape(table)[0] - steps[-1]
        corners = [gather_rows(table[step : step + count], first) for step in steps]
        return blend(corners, columns - left, rows - top, channels)

    return read


def blend(corners, right, lower, channels):
    """Colors by their shares, which are in [0, 1), and the label of the nearest corner."""
    upper_label = ops.where(right < 0.5, corners[0], corners[1])
    lower_label = ops.where(right < 0.5, corners[2], corners[3])
    word = ops.where(lower < 0.5, upper_label, lower_label) & byte_packing.bits(LABEL)
    left, upper = 1.0 - right, 1.0 - lower
    shares = (left * upper, right * upper, left * lower, right * lower)
    for channel in range(channels):
        # A byte stays at its place in the word: it need not be shifted for each corner.
        blended = sum(
            share * ops.cast(corner & byte_packing.bits(channel), "float32")
            for share, corner in zip(shares, corners, strict=True)
        )
        word = word | byte_packing.rounded(blended * 2.0 ** (-8 * channel), channel)
    return word


def pack(images, *masks):
    """(B, H, W, C) and at most one (B, H, W, 1), all uint8, as (B, H, W) words."""
    channels = [images[..., channel] for channel in range(images.shape[-1])]
    empty = [None] * (LABEL - len(channels))
    return byte_packing.pack([*channels, *empty, *[mask[..., 0] for mask in masks]])


def unpack(words, channels):
    """Words (B, H, W) as images (B, H, W, C) and masks (B, H, W, 1), both uint8."""
    values = parts_of(words, "uint8")
    return values[..., :channels], values[..., LABEL:]


def bordered(words, fill_mode, fill):
    """Adds the pixels that the neighbors of a folded point may reach."""
    for axis in (1, 2):
        first = words[:, :1] if axis == 1 else words[:, :, :1]
        last = words[:, -1:] if axis == 1 else words[:, :, -1:]
        if fill_mode == "constant":
            filled = ops.full_like(first, fill)
            parts = [filled, words, filled, filled]
        else:
            # Beyond the last pixel the share is 0, except where the image repeats.
            parts = [words, first if fill_mode == "wrap" else last]
        words = ops.concatenate(parts, axis=axis)
    return words
