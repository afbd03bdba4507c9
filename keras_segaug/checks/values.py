"""Argument checks: each returns the normalized value or raises with one wording.

`owner` is the layer (or the name of a function) the argument belongs to; the
message names it, the argument, what is accepted and what was received.
"""

import math
import numbers
from typing import Any

FILL_MODES = ("reflect", "wrap", "nearest", "constant")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic")
# The largest number of float32, and the smallest above 0 that no processor treats as 0.
_LARGEST, _SMALLEST = 3.4028234663852886e38, 1.1754943508222875e-38


def name_of(owner):
    return owner if isinstance(owner, str) else type(owner).__name__


def fail(owner, argument, accepted, received, error=ValueError):
    entries = received if isinstance(received, (tuple, list)) else [received]
    hint = " All is computed in float32, which does not hold such a number."
    raise error(
        f"{name_of(owner)}: `{argument}` must be {accepted}. Received: "
        f"{argument}={shown(received)}.{hint if any(map(_is_out_of_float32, entries)) else ''}"
    )


def shown(value, length=300):
    """The value as one line, cut to a length; some numbers Python does not print."""
    try:
        # One line, even for a pipeline, which is shown in several.
        text = " ".join(repr(value).split())
    except ValueError:
        text = f"a {type(value).__name__} that holds very large numbers"
    return text if len(text) <= length else f"{text[:length]}..."


def _is_out_of_float32(value):
    if not isinstance(value, numbers.Real) or value in (math.inf, -math.inf, 0):
        return False
    size: Any = abs(value)
    return size > _LARGEST or size < _SMALLEST


def is_number(value):
    """Is it a number that float32 holds?"""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and -_LARGEST <= value <= _LARGEST


def is_nan(value):
    """Is it NaN, which stands for no data?"""
    return isinstance(value, numbers.Real) and math.isnan(value)


def number(owner, argument, value, low=-math.inf, high=math.inf):
    """A finite float in [low, high]."""
    if not is_number(value) or not low <= value <= high:
        fail(owner, argument, f"a number{_within(low, high)}", value)
    return float(value)


def fill_value(owner, argument, value):
    """A finite float, or NaN: no data."""
    if is_nan(value):
        return float(value)
    return number(owner, argument, value)


def positive_integer(owner, argument, value):
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or int(value) < 1:
        fail(owner, argument, "an integer of at least 1", value)
    return int(value)


def natural_number(owner, argument, value):
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or int(value) < 0:
        fail(owner, argument, "an integer of at least 0", value)
    return int(value)


def one_of(owner, argument, value, accepted):
    # `in` alone would let True pass for 1, and fail on unhashable values only by luck.
    if not any(type(value) is type(choice) and value == choice for choice in accepted):
        fail(owner, argument, "one of " + ", ".join(repr(choice) for choice in accepted), value)
    return value


def bounds(owner, argument, value, low, high, or_else=""):
    """A pair (lower, upper), ordered, both in [low, high]; `or_else`: what else is accepted."""
    accepted = f"{or_else}a pair (lower, upper) of numbers{_within(low, high)}, lower <= upper"
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(map(is_number, value)):
        fail(owner, argument, accepted, value)
    lower, upper = map(float, value)
    if not low <= lower <= upper <= high:
        fail(owner, argument, accepted, value)
    return lower, upper


def signed_range(owner, argument, value, low=-1.0, high=1.0):
    """A float `f`, or -f, means (-f, f), cut to what is allowed; a pair is (lower, upper)."""
    if not is_number(value):
        return bounds(owner, argument, value, low, high, "a number, or ")
    most = max(-low, high)
    # A symmetric range is the same with either sign; Keras takes both, too.
    factor = abs(number(owner, argument, value, -most, most))
    return max(-factor, low), min(factor, high)


def unsigned_range(owner, argument, value, high=1.0):
    """A float `f` means (0, f); a pair is (lower, upper)."""
    if not is_number(value):
        return bounds(owner, argument, value, 0.0, high, "a number, or ")
    return 0.0, number(owner, argument, value, 0.0, high)


def range_around_one(owner, argument, value):
    """A float `f` means (1 - f, 1 + f); a pair is (lower, upper), both above 0."""
    if is_number(value):
        if not 0.0 <= value <= 1.0 - 1e-6:
            accepted = "a number f in [0, 1), for 1 - f to 1 + f, or a pair (lower, upper) above 0"
            fail(owner, argument, accepted, value)
        return 1.0 - float(value), 1.0 + float(value)
    return above_zero(owner, argument, value, math.inf, "a number, or ")


def above_zero(owner, argument, value, high, or_else=""):
    """A pair (lower, upper), ordered, of numbers above 0 that are at most `high`."""
    lower, upper = bounds(owner, argument, value, 0.0, high, or_else)
    if lower < _SMALLEST:
        fail(owner, argument, "a pair (lower, upper) of numbers above 0", value)
    return lower, upper


def turns(owner, argument, value):
    """As `signed_range`, in fractions of a full turn; degrees are refused with a hint."""
    ends = value if isinstance(value, (tuple, list)) else (value,)
    degrees = [abs(end) for end in ends if is_number(end) and abs(end) > 1.0]
    if degrees:
        accepted = (
            "a number or a pair of numbers in [-1, 1], in fractions of a full turn: for "
            f"{degrees[0]:g} degrees write {degrees[0]:g}/360"
        )
        fail(owner, argument, accepted, value)
    return signed_range(owner, argument, value)


def value_range(owner, value):
    lower, upper = bounds(owner, "value_range", value, -math.inf, math.inf)
    if lower == upper:
        fail(owner, "value_range", "a pair (lowest, highest) with lowest < highest", value)
    return lower, upper


def optional_value_range(owner, value):
    """None leaves the range to the dtype of the images, and to the layers before."""
    return None if value is None else value_range(owner, value)


def seed(owner, value):
    if value is None:
        return None
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        fail(owner, "seed", "an integer or None", value)
    return int(value)


def _within(low, high):
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(high):
        return f" of at least {low:g}"
    return f" in [{low:g}, {high:g}]"


def integer(owner, argument, value):
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        fail(owner, argument, "an integer", value)
    return int(value)


def zoom_range(owner, argument, value):
    """A zoom factor: as a signed range, but above -1, where nothing of the image is left."""
    lower, upper = signed_range(owner, argument, value)
    if lower <= -1.0:
        fail(owner, argument, "above -1 (at -1 nothing of the image is left)", value)
    return lower, upper


def contrast_range(owner, argument, value):
    """A float `f` means (f, f); a pair (lower, upper) need not be ordered, lower is at most 1."""
    accepted = "a number in [0, 1], or a pair (lower, upper) with 0 <= lower <= 1 and 0 <= upper"
    pair = (value, value) if is_number(value) else value
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(map(is_number, pair)):
        fail(owner, argument, accepted, value)
    lower, upper = map(float, pair)
    if not (0.0 <= lower <= 1.0 and upper >= 0.0) or (is_number(value) and value > 1.0):
        fail(owner, argument, accepted, value)
    return lower, upper


def odd_pair(owner, argument, value):
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2 or not all(
        isinstance(size, numbers.Integral)
        and not isinstance(size, bool)
        and size % 2 == 1
        and int(size) > 0
        for size in pair
    ):
        fail(owner, argument, "an odd integer of at least 1, or a pair of them", value)
    return int(pair[0]), int(pair[1])


def fill_or_noise(owner, argument, value):
    """What to write into images: a number, NaN, or "noise"."""
    if not isinstance(value, str):
        return fill_value(owner, argument, value)
    if value != "noise":
        fail(owner, argument, 'a number or "noise"', value)
    return value


def numbers_per_channel(owner, argument, value, low=-math.inf):
    """A number, or a tuple with one for each channel."""
    if is_number(value):
        return number(owner, argument, value, low)
    if not isinstance(value, (tuple, list)) or not value:
        fail(owner, argument, "a number or one a channel", value)
    return tuple(number(owner, argument, entry, low) for entry in value)


def palette(owner, value):
    """Colors and their class ids, as a tuple of pairs ((red, green, blue), id)."""
    accepted = (
        "a list of colors (red, green, blue) in 0 .. 255, a mapping from colors to ids, or a "
        "list of pairs (color, id), with every color once"
    )
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, (tuple, list)) and all(
        isinstance(entry, (tuple, list)) and len(entry) in (2, 3) for entry in value
    ):
        pairs = [
            entry if len(entry) == 2 else (entry, class_id) for class_id, entry in enumerate(value)
        ]
    else:
        pairs = []
    for color, class_id in pairs:
        levels = color if isinstance(color, (tuple, list)) else ()
        whole = [isinstance(n, numbers.Integral) and 0 <= int(n) <= 255 for n in levels]
        if len(whole) != 3 or not all(whole) or not isinstance(class_id, numbers.Integral):
            fail(owner, "palette", accepted, value)
    pairs = [(tuple(map(int, color)), int(class_id)) for color, class_id in pairs]
    if not pairs or len({color for color, _ in pairs}) < len(pairs):
        fail(owner, "palette", accepted, value)
    return tuple(pairs)


def weights(owner, value, count):
    """How likely each of `count` choices is, in proportion; None makes all equally likely."""
    if value is None:
        return (1.0,) * count
    if (
        not isinstance(value, (tuple, list))
        or len(value) != count
        or not all(map(is_number, value))
    ):
        fail(owner, "weights", f"a list of {count} number{'s' * (count > 1)}, one a layer", value)
    if min(value) < 0.0 or sum(value) <= 0.0:
        fail(owner, "weights", "numbers of at least 0, not all of them 0", value)
    return tuple(map(float, value))
