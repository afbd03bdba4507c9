"""The value range of images: from their dtype, through the layers, to those that need it."""

import math
import warnings
from typing import NamedTuple

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.core import backend
from keras_segaug.engine.spec import Spec
from keras_segaug.kernels.values import replace

# How far float arithmetic before the layer may have left the range, as a share of it.
_ROUNDING = 1e-4
_MOST_FLOAT16 = 65504.0
# Ranges up to this width, such as (-1, 1), are those of rescaled images. Values that lie so far
# above such a range have not been rescaled.
_NARROW, _FAR = 2.0, 50.0


class ValueRange(NamedTuple):
    """The lowest and the highest value that images may hold."""

    low: float
    high: float
    # Not given: floats are taken to be in (0, 255), as in Keras.
    assumed: bool = False
    # A layer has made it from another range.
    rescaled: bool = False


class Unknown(NamedTuple):
    """No range, and why there is none."""

    why: str


# For where nothing looks at the range.
ANY = ValueRange(0.0, 255.0)


def of_dtype(dtype):
    """The range of images of this dtype, where nothing else is known of them."""
    if dtype == "bool":
        return ValueRange(0.0, 1.0)
    if dtype.startswith("uint"):
        return ValueRange(0.0, float(checks.integer_limits(dtype)[1]))
    if dtype.startswith("int"):
        return Unknown(f"nothing says which values images of dtype {dtype} hold")
    return ValueRange(0.0, 255.0, assumed=True)


def scaled(value_range, scales, offsets):
    """The range after image * scale + offset, one pair for each channel: that of all channels."""
    if value_range is None or isinstance(value_range, Unknown):
        return value_range
    ends = [
        end * scale + offset
        for scale, offset in zip(scales, offsets, strict=True)
        for end in (value_range.low, value_range.high)
    ]
    if min(ends) == max(ends):
        return Unknown("a layer before it makes all values the same")
    return ValueRange(min(ends), max(ends), value_range.assumed, rescaled=True)


def common(ranges, why):
    """The one range of samples that take different branches, `Unknown` if there is none."""
    first, *_ = ranges
    if not all(isinstance(each, ValueRange) for each in ranges):
        return first if all(each == first for each in ranges) else Unknown(why)
    if not all(each[:2] == first[:2] for each in ranges):
        return Unknown(why)
    assumed, rescaled = (any(flags) for flags in list(zip(*ranges, strict=True))[2:])
    return ValueRange(first.low, first.high, assumed, rescaled)


def needed(layer, value_range):
    """The range that a layer works with: its own if it has one, else what reaches it."""
    if layer.value_range is not None:
        return layer.value_range
    if isinstance(value_range, Unknown):
        raise ValueError(
            f"{checks.name_of(layer)}: `value_range` must be given, since {value_range.why}. "
            "Received: value_range=None. Give the layer `value_range=(lowest, highest)` of the "
            "images that reach it."
        )
    return value_range.low, value_range.high


def known(spec, assumed=False):
    """(lowest, highest) where it is known, and not only `assumed`; else None."""
    found = spec.value_range
    if found is None or isinstance(found, Unknown) or (found.assumed and not assumed):
        return None
    return found.low, found.high


def check_result(layer, spec, dtype):
    """Checks that the dtype of the result can hold what becomes of images of this dtype."""
    check_held(layer, layer.output_spec(spec).value_range, dtype)
    for leaf, _ in layer._leaves(spec):
        check_fill(leaf, getattr(leaf, "fill_value", None), layer.compute_dtype)


def check_fill(owner, value, dtype):
    """Checks that images of this dtype can be filled with the value."""
    if "float" not in dtype and isinstance(value, float) and math.isnan(value):
        accepted = f"a number for {dtype} images (NaN needs float images)"
        checks.fail(owner, "fill_value", accepted, value)


def check_held(layer, after, dtype):
    """Checks that the dtype of the result can hold the range of its images."""
    target = layer.compute_dtype
    if isinstance(after, Unknown) or after.assumed:
        return
    if target == "float16":
        low, high = -_MOST_FLOAT16, _MOST_FLOAT16
    elif "int" in target and not after.rescaled:
        # Rescaled values are clipped, as documented: the user chose that.
        # Limits as floats, like the range: 2**64 - 1 is not a float, and its range ends at 2**64.
        low, high = map(float, checks.integer_limits(target))
    else:
        return
    if after.low < low or after.high > high:
        raise ValueError(
            f"{checks.name_of(layer)}: images come back as {target}, which holds up to {high:g}. "
            f"Received {dtype} images, whose values may then be {after.low:g} to {after.high:g}. "
            'Give a dtype that holds them, such as dtype="float32", or rescale them in the same '
            "`Pipeline`."
        )


def look_at(layer, sample, acting):
    """Looks at the images of a sample, and at further ones that are colored like them."""
    for images in (sample.images, *sample.flat().get("image", [])):
        _look_at(layer, images, acting)


def _look_at(layer, images, acting):
    """Checks, where values can be seen, that they lie in the range that is assumed.

    Integers need no look, and neither do floats where no layer relies on the assumption.
    """
    dtype = keras.backend.standardize_dtype(images.dtype)
    _compare_with_given(layer, images, dtype)
    if dtype == "bool" or dtype.startswith("uint") or not backend.is_eager(images):
        return
    start = of_dtype(dtype)
    spec = Spec((None, None), start, acting=acting)
    leaves = [pair for pair in layer._leaves(spec) if acting or not pair[0].random]
    user = next((leaf for leaf, each in leaves if _relies(leaf, each.value_range)), None)
    narrow = layer.compute_dtype == "float16"
    seen = _extremes(images) if user is not None or narrow else None
    if seen is None:
        return
    if user is not None:
        _check_assumed(layer, user, start, seen)
    if narrow:
        check_held(layer, layer.output_spec(replace(spec, value_range=seen)).value_range, dtype)


def _compare_with_given(layer, images, dtype):
    """Warns, once, of images of 0 to 255 or so for which a range such as (0, 1) is given.

    Values outside of a range are clipped, which is wanted of some (a window of CT values), but here
    would leave an image of one value. Looked at once: every call would cost too much.
    """
    given, eager = getattr(layer, "value_range", None), backend.is_eager(images)
    whole = "int" in dtype
    if given is None or given[1] - given[0] > _NARROW or dtype == "bool" or layer._compared:
        return
    if not (eager or whole) or any(node._takes_any_range for node in layer._nodes()):
        return
    seen = _extremes(images) if eager else of_dtype(dtype)
    layer._compared = eager or isinstance(seen, ValueRange)
    if isinstance(seen, ValueRange) and seen.high > given[1] + _FAR:
        received = f"values up to {seen.high:g}" if eager else f"{dtype} images"
        warnings.warn(
            f"{checks.name_of(layer)}: it was given `value_range=({given[0]:g}, {given[1]:g})`. "
            f"Received {received}, which are clipped to that range. Give the range of the images "
            "that come in, leave it out for unsigned integers, or rescale the images before.",
            stacklevel=2,
        )


def _relies(leaf, value_range):
    """Does a layer work with a range that is only assumed?"""
    assumed = isinstance(value_range, ValueRange) and value_range.assumed
    return assumed and asks(leaf)


def asks(leaf):
    """Does a layer work with the range of what reaches it, having none of its own?"""
    return leaf._uses_range() and leaf.value_range is None


def _extremes(images):
    """The lowest and the highest finite value; None where there is none to be seen."""
    if not getattr(images, "is_fully_addressable", True):
        return None
    values = np.asarray(keras.ops.convert_to_numpy(images))
    if values.size == 0:
        return None
    low, high = values.min(), values.max()
    if not np.isfinite(low) or not np.isfinite(high):
        values = values[np.isfinite(values)]
        if values.size == 0:
            return None
        low, high = values.min(), values.max()
    return ValueRange(float(low), float(high))


def _check_assumed(layer, user, start, seen):
    name = checks.name_of(layer)
    inside = "" if user is layer else f" (for its {checks.name_of(user)})"
    margin = _ROUNDING * (start.high - start.low)
    cure = "to the layer, or to the `Pipeline` that holds it"
    if seen.low < start.low - margin or seen.high > start.high + margin:
        raise ValueError(
            f"{name}: float images are taken to be in (0, 255){inside} where `value_range` is not "
            f"given. Received values from {seen.low:g} to {seen.high:g}. Give "
            f"`value_range=(lowest, highest)` {cure}."
        )
    # A single value, all black or all white, says nothing.
    if seen.low < seen.high <= 1.0 and not layer._warned_of_range:
        layer._warned_of_range = True
        warnings.warn(
            f"{name}: float images are taken to be in (0, 255){inside} where `value_range` is not "
            f"given. Received values from {seen.low:g} to {seen.high:g}: if images are in [0, 1], "
            f"give `value_range=(0, 1)` {cure}.",
            stacklevel=2,
        )
