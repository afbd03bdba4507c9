"""The value range of images: from their dtype, through the layers, to those that need it."""

import math
import warnings
from typing import NamedTuple

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.core import backend

# Float arithmetic on the way to the layer may have gone so far beyond, in parts of the range.
_ROUNDING = 1e-4
_MOST_FLOAT16 = 65504.0
# What parameters are told of the images, beside what was drawn.
_KNOWN = ("value_range", "gaps", "entering")


class ValueRange(NamedTuple):
    """The lowest and the highest value that images may hold."""

    low: float
    high: float
    # Nobody has said so: floats are taken to be in (0, 255), as Keras takes them.
    assumed: bool = False
    # A layer has made it of another.
    rescaled: bool = False


class Unknown(NamedTuple):
    """No range, and why there is none."""

    why: str


def of_dtype(dtype):
    """The range of images of this dtype, of which nothing else is known."""
    if dtype == "bool":
        return ValueRange(0.0, 1.0)
    if dtype.startswith("uint"):
        return ValueRange(0.0, float(checks.integer_limits(dtype)[1]))
    if dtype.startswith("int"):
        return Unknown(f"nothing says which values images of dtype {dtype} hold")
    return ValueRange(0.0, 255.0, assumed=True)


def scaled(value_range, scales, offsets):
    """The range after image * scale + offset, one pair a channel: that of all channels."""
    if isinstance(value_range, Unknown):
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
    """The one range of samples that go different ways."""
    return ranges[0] if all(each == ranges[0] for each in ranges) else Unknown(why)


def needed(layer, value_range):
    """The range that a layer works with: its own word, else what reaches it."""
    if layer.value_range is not None:
        return layer.value_range
    if isinstance(value_range, Unknown):
        raise ValueError(
            f"{checks.name_of(layer)}: `value_range` must be given, since {value_range.why}. "
            "Received: value_range=None. Give the layer `value_range=(lowest, highest)` of the "
            "images that reach it."
        )
    return value_range.low, value_range.high


def completed(layer, steps, images, acting):
    """The steps of a layer, their parameters completed by what is known of the images.

    Args:
        layer: the layer that `steps` are of.
        steps: the leaf layers with their parameters.
        images: of which the dtype alone is looked at.
        acting: False at inference.
    """
    dtype = keras.backend.standardize_dtype(images.dtype)
    start = of_dtype(dtype)
    check_held(layer, layer.range_after(start, acting), dtype)
    for leaf, _ in steps:
        check_fill(leaf, getattr(leaf, "fill_value", None), layer.compute_dtype)
    return entered(layer, steps, start, "float" in dtype, acting)


def entered(layer, steps, value_range, gaps, acting=True):
    """The steps of a layer that gets images of this range.

    Those that need it find "value_range", a pair of numbers, those that look at other pixels
    "gaps": may a value be NaN? Choices, which hand both on, find "entering" and "gaps". All are
    Python values, and known while a program is traced.
    """
    result = []
    for (leaf, drawn), (_, reaching) in zip(steps, layer.ranged(value_range, acting), strict=True):
        known = {}
        if drawn is not None or not leaf.random:
            if leaf.selects:
                known["entering"] = reaching
            elif leaf.uses_range:
                known["value_range"] = needed(leaf, reaching)
            if leaf.selects or getattr(leaf, "looks_around", False):
                known["gaps"] = gaps
        result.append((leaf, {**(drawn or {}), **known} if known else drawn))
    return result


def forgotten(parameters):
    """The parameters without what `entered` has told them: it is of the images, not drawn."""
    if isinstance(parameters, dict):
        return {k: forgotten(value) for k, value in parameters.items() if k not in _KNOWN}
    return list(map(forgotten, parameters)) if isinstance(parameters, list) else parameters


def check_fill(owner, value, dtype):
    """Can images of this dtype be filled with the value?"""
    if "float" not in dtype and isinstance(value, float) and math.isnan(value):
        accepted = f"a number for {dtype} images (NaN needs float images)"
        checks.fail(owner, "fill_value", accepted, value)


def check_held(layer, after, dtype):
    """Can the dtype that images come back in hold their range?"""
    target = layer.compute_dtype
    if isinstance(after, Unknown) or after.assumed:
        return
    if target == "float16":
        low, high = -_MOST_FLOAT16, _MOST_FLOAT16
    elif "int" in target and not after.rescaled:
        # What has been rescaled is clipped, as documented: somebody chose that.
        low, high = checks.integer_limits(target)
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
    """Looks at the images of a sample, and at further ones that are colored as they are."""
    for images in (sample.images, *sample.flat().get("image", [])):
        _look_at(layer, images, acting)


def _look_at(layer, images, acting):
    """Where values can be seen: do they lie in the range that is assumed of them?

    Integers need no look, and nobody else does where no layer makes use of the assumption.
    """
    dtype = keras.backend.standardize_dtype(images.dtype)
    if dtype == "bool" or dtype.startswith("uint") or not backend.is_eager(images):
        return
    start = of_dtype(dtype)
    leaves = [pair for pair in leaves_of(layer, start, acting) if acting or not pair[0].random]
    user = next((leaf for leaf, each in leaves if _relies(leaf, each)), None)
    narrow = layer.compute_dtype == "float16"
    seen = _extremes(images) if user is not None or narrow else None
    if seen is None:
        return
    if user is not None:
        _check_assumed(layer, user, start, seen)
    if narrow:
        check_held(layer, layer.range_after(seen, acting), dtype)


def leaves_of(layer, value_range, acting=True):
    """The leaf layers, those inside choices among them, with the range that reaches each."""
    for leaf, reaching in layer.ranged(value_range, acting):
        if leaf.selects:
            for each in leaf.layers:
                yield from leaves_of(each, reaching, acting)
        else:
            yield leaf, reaching


def leaves_that_look(layer):
    """The leaf layers that look at masks, also those that act in some branch of a choice only."""
    leaves = leaves_of(layer, Unknown("nobody asks for it here"))
    return [leaf for leaf, _ in leaves if leaf.looks_at_masks]


def _relies(leaf, value_range):
    """Does a layer work with a range that is only assumed?"""
    assumed = isinstance(value_range, ValueRange) and value_range.assumed
    return assumed and leaf.uses_range and leaf.value_range is None


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
    # One value alone, all black or all white, says nothing.
    if seen.low < seen.high <= 1.0 and not layer._warned_of_range:
        layer._warned_of_range = True
        warnings.warn(
            f"{name}: float images are taken to be in (0, 255){inside} where `value_range` is not "
            f"given. Received values from {seen.low:g} to {seen.high:g}: if images are in [0, 1], "
            f"give `value_range=(0, 1)` {cure}.",
            stacklevel=2,
        )
