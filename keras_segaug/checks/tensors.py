"""Checks of what a call brings: dtypes, channels, sizes."""

from keras_segaug.checks.values import fail, is_nan, name_of


def fits_images(owner, argument, value, dtype):
    """Checks that images of this dtype can hold the value. Floats can, to their precision."""
    if "int" not in dtype:
        return
    low, high = integer_limits(dtype)
    if not low <= value <= high:
        hint = " (NaN needs float images)" if is_nan(value) else ""
        fail(owner, argument, f"in [{low}, {high}] for {dtype} images{hint}", value)


def fits_dtype(owner, argument, value, dtype):
    """Checks that a mask of this dtype can hold the value."""
    low, high = mask_limits(dtype)
    if not low <= value <= high:
        wider = "8" in dtype or dtype == "bool"
        hint = " (a mask of a wider dtype, such as int32, holds more)" if wider else ""
        fail(owner, argument, f"in [{low}, {high}] for a {dtype} mask{hint}", value)


def mask_limits(dtype):
    """The smallest and largest class that a mask of this dtype holds exactly."""
    return {
        "bool": (0, 1),
        "float16": (-2048, 2048),
        "bfloat16": (-256, 256),
        "float32": (-(2**24), 2**24),
        "float64": (-(2**53), 2**53),
    }.get(dtype) or integer_limits(dtype)


def integer_limits(dtype):
    """The smallest and largest number an integer dtype holds."""
    bits = int(dtype.lstrip("uint"))
    return (0, 2**bits - 1) if dtype[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def three_channels(owner, channels):
    if len(channels) != 3:
        cure = "Repeat the channel of gray images, `np.repeat(images, 3, -1)`"
        if len(channels) > 3:
            cure = "Say which of them are colors, `channels=(0, 1, 2)`"
        raise ValueError(
            f"{name_of(owner)}: images must have 3 channels (red, green, blue). "
            f"Received {len(channels)}. {cure}, or leave this layer out, which `rgb=False` of "
            "JointRandAugment and JointTrivialAugment does, and `all_ops=False` of ImageOnlyAugMix."
        )


def known_channels(owner, role, received):
    """Checks that the number of channels is known. In `dataset.map` it may not be."""
    if received is None:
        count, size = (3, "(None, None, 3)") if "mask" not in role else (1, "(None, None, 1)")
        raise ValueError(
            f"{name_of(owner)}: {role} must have a number of channels that is known. Received "
            f"None. Say it to what reads the files, as in `tf.io.decode_png(file, "
            f"channels={count})`, or call `tensor.set_shape({size})` before this layer."
        )


def channels(owner, received, accepted):
    known_channels(owner, "masks", received)
    if received != accepted:
        raise ValueError(
            f"{name_of(owner)}: masks must have {accepted} channel{'s' * (accepted > 1)}. "
            f"Received {received}. "
            + (
                "Is the mask one-hot already? Then leave this layer out."
                if accepted == 1
                else "Does the mask hold class ids already? Then leave this layer out."
            )
        )


def image_size(owner, received, expected):
    """Checks that an image has the size that a layer returns."""
    pairs = zip(received, expected, strict=True)
    if any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs):
        raise ValueError(
            f"{name_of(owner)}: to be moved back, images must have the size that the layer "
            f"gives, {tuple(expected)}. Received {tuple(received)}. Is `size` the original size?"
        )


def pixels(owner, shape):
    """Checks that images (B, H, W, C) have pixels, few enough for 32-bit integers to count."""
    # Unknown sizes are None in TensorFlow, symbols in JAX.
    size = tuple(n if isinstance(n, int) else 1 for n in shape)
    batch, height, width, channels = size
    if 0 in size[1:]:
        raise ValueError(
            f"{name_of(owner)}: images must have pixels. Received shape {tuple(shape)} as (batch, "
            "height, width, channels)."
        )
    # Sides: float32 must tell a position from its neighbor, and from its mirror image. Pixels:
    # counted with the margin that a lookup adds.
    if (
        max(height, width) > 1 << 23
        or height * width * channels >= 1 << 31
        or batch * (height + 3) * (width + 3) >= 1 << 31
    ):
        raise ValueError(
            f"{name_of(owner)}: images may have sides of up to 2**23 pixels, fewer than 2**31 "
            f"values an image and 2**31 pixels a batch. Received shape {tuple(shape)} as (batch, "
            "height, width, channels): use smaller batches, or cut the images up."
        )


def numeric(owner, role, tensor):
    dtype = str(getattr(tensor.dtype, "name", tensor.dtype)).rpartition(".")[2]
    if not dtype.startswith(("int", "uint", "float", "bfloat", "bool")):
        raise ValueError(
            f"{name_of(owner)}: {role} must be integers, floats or booleans. Received {dtype}."
        )
