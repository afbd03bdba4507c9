"""Checks of images that a layer is given to make others look like them."""

import numpy as np

from keras_segaug.checks.values import fail, name_of

# How far beyond the range rounding may have put references, as a share of it.
_ROUNDING = 1e-4


def references(owner, value):
    """Images (N, H, W, C) as an array of their dtype: finite numbers, at least one image."""
    accepted = "an array of images of shape (N, height, width, channels), at least one"
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name_of(owner)}: `references` must be {accepted}: {error}.") from error
    if array.ndim != 4 or 0 in array.shape or array.dtype.kind not in "uifb":
        # The values would say nothing, and there may be many.
        fail(owner, "references", accepted, f"{array.dtype} of shape {array.shape}")
    if not np.isfinite(array.astype("float32")).all():
        fail(owner, "references", "of finite numbers", "NaN or infinite values")
    return array


def same_channels(owner, references, channels):
    if references.shape[-1] != channels:
        raise ValueError(
            f"{name_of(owner)}: images must have as many channels as `references`. Received images "
            f"of {channels} and references of {references.shape[-1]}. Give it references of the "
            "same kind."
        )


def same_range(owner, references, value_range):
    low, high = float(references.min()), float(references.max())
    # Where the ends of the range lie in the dtype of the references, which rounds them.
    margin = _ROUNDING * (value_range[1] - value_range[0])
    if low < value_range[0] - margin or high > value_range[1] + margin:
        raise ValueError(
            f"{name_of(owner)}: `references` must lie in the value range of the images, "
            f"{value_range[0]:g} to {value_range[1]:g}. Received references of {low:g} to "
            f"{high:g}. Scale them as the images are, or give the layer its `value_range`."
        )
