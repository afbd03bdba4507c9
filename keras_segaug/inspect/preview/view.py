"""Images and masks for display: 8-bit colors, class ids, outlines."""

import colorsys
import numbers
from collections.abc import Mapping

import numpy as np

from keras_segaug import checks

# The first seven classes: colors that people with any color vision can tell apart (Okabe and Ito,
# "Color Universal Design", 2008), without black, which would not show. Then three more.
_COLORS = (
    (230, 159, 0),
    (86, 180, 233),
    (240, 228, 66),
    (0, 158, 115),
    (213, 94, 0),
    (204, 121, 167),
    (0, 114, 178),
    (255, 64, 129),
    (170, 120, 40),
    (170, 150, 255),
)
IGNORED_COLOR = (110, 110, 110)
# The id of a pixel without any class in a one-hot mask.
NO_CLASS = -1


def color_of(class_id):
    """(red, green, blue) of a class, the same in every image."""
    if 1 <= class_id <= len(_COLORS):
        return _COLORS[class_id - 1]
    # Steps of the golden ratio never repeat a hue.
    hue, value = (class_id * 0.6180339887) % 1.0, (1.0, 0.75)[class_id % 2]
    return tuple(round(255 * part) for part in colorsys.hsv_to_rgb(hue, 0.75, value))


def hexadecimal(color):
    return "#{:02x}{:02x}{:02x}".format(*color)


def name_of(class_names, class_id):
    """The name of a class, from a sequence in the order of ids, a mapping, or None."""
    if isinstance(class_names, Mapping):
        return str(class_names.get(class_id, f"class {class_id}"))
    if class_names is not None and 0 <= class_id < len(class_names):
        return str(class_names[class_id])
    return f"class {class_id}"


def check_class_names(owner, class_names):
    accepted = "a list of names, or a mapping {id: name}"
    if isinstance(class_names, Mapping):
        pairs = class_names.items()
        if not all(isinstance(i, numbers.Integral) and isinstance(n, str) for i, n in pairs):
            checks.fail(owner, "class_names", accepted, class_names)
    if class_names is None or isinstance(class_names, Mapping):
        return class_names
    if isinstance(class_names, str) or not all(isinstance(name, str) for name in class_names):
        checks.fail(owner, "class_names", accepted, class_names)
    return list(class_names)


def value_range_of(arrays):
    """The (black, white) that images are shown with, and whether that had to be guessed.

    8-bit images, and others within 0 to 255, keep their brightness, and so do those within
    0 to 1. Anything else (normalized images, 16 bits) goes from its lowest to its highest value.
    """
    low = min(float(array.min()) for array in arrays)
    high = max(float(array.max()) for array in arrays)
    if not np.isfinite([low, high]).all():
        finite = np.concatenate([array[np.isfinite(array)] for array in arrays] or [np.zeros(1)])
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        return (low, high), True
    if all(array.dtype == np.uint8 for array in arrays):
        return (0.0, 255.0), False
    if low >= 0.0 and high <= 255.0:
        return (0.0, 1.0 if high <= 1.0 else 255.0), False
    return (low, high), True


def rgb(owner, images, value_range):
    """Images (..., H, W, C) of one or three channels as uint8 (..., H, W, 3)."""
    if images.shape[-1] not in (1, 3):
        raise ValueError(
            f"{owner}: images must have 1 or 3 channels to be shown. Received {images.shape[-1]}."
        )
    low, high = value_range
    scaled = (images.astype("float32") - low) * (255.0 / max(high - low, 1e-12))
    levels = np.nan_to_num(scaled, posinf=255.0, neginf=0.0).clip(0, 255).round().astype("uint8")
    return np.broadcast_to(levels, (*levels.shape[:-1], 3))


def class_ids(owner, masks):
    """Masks (..., H, W, K) of ids (K = 1) or one-hot, as ids (..., H, W); NO_CLASS for none."""
    if masks.shape[-1] == 1:
        return masks[..., 0].astype("int64")
    if not np.isin(masks, (0, 1)).all():
        raise ValueError(
            f"{owner}: a mask with {masks.shape[-1]} channels is read as one-hot, but holds "
            f"{masks.max()}. Are these colors? Turn them into classes first, with "
            "MaskOnlyColorToClass."
        )
    return np.where(masks.any(-1), masks.argmax(-1), NO_CLASS)


def shares(ids, ignore_index):
    """{class id: share of the pixels that are not ignored}."""
    counts = {
        int(label): int(count)
        for label, count in zip(*np.unique(ids, return_counts=True), strict=True)
        if label not in (ignore_index, NO_CLASS)
    }
    total = sum(counts.values())
    return {label: count / total for label, count in counts.items()}


def edges(ids, width):
    """Pixels at most `width` away, along a row or column, from a pixel of another class."""
    found = np.zeros(ids.shape, bool)
    for distance in range(1, width + 1):
        differ = ids[distance:] != ids[:-distance]
        found[distance:] |= differ
        found[:-distance] |= differ
        differ = ids[:, distance:] != ids[:, :-distance]
        found[:, distance:] |= differ
        found[:, :-distance] |= differ
    return found


def painted(image, ids, ignore_index, background, opacity, outlines):
    """An image (H, W, 3) with its classes over it, enlarged so that outlines are thin."""
    scale = -(-560 // max(ids.shape))
    image = image.repeat(scale, 0).repeat(scale, 1).astype("float32")
    present, place = np.unique(ids, return_inverse=True)
    place = place.reshape(ids.shape).repeat(scale, 0).repeat(scale, 1)
    ignored = np.isin(present, (ignore_index, NO_CLASS))
    colors = np.array(
        [IGNORED_COLOR if i else color_of(int(c)) for i, c in zip(ignored, present, strict=True)],
        "float32",
    )
    fill = np.where(ignored, 0.75, np.where(present == background, 0.0, opacity))
    strength = fill[place]
    if outlines:
        lined = ~ignored & (present != background)
        strength = np.where(lined[place] & edges(place, max(place.shape) // 190), 1.0, strength)
    mixed = image + strength[..., None] * (colors[place] - image)
    return mixed.round().astype("uint8")
