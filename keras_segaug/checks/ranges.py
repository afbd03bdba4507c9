"""Checks of arguments that are integers, or pairs or ranges of numbers; as in `values.py`."""

import numbers

from keras_segaug.checks.values import bounds, fail, is_number, number


def integer_range(owner, argument, value, low, high=None, odd=False):
    """An integer `n` means (n, n); a pair is (lower, upper)."""
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    whole = len(pair) == 2 and all(map(is_integer, pair))
    # Drawn numbers have 32 bits.
    most = 2**31 - 1 if high is None else high
    fits = whole and low <= pair[0] <= pair[1] <= most
    if not fits or (odd and not all(n % 2 == 1 for n in pair)):
        kind = "odd integer" if odd else "integer"
        large = whole and pair[1] > most
        within = f"of at least {low}" if high is None and not large else f"in [{low}, {most}]"
        fail(owner, argument, f"an {kind} {within}, or a pair (lower, upper) of them", value)
    return int(pair[0]), int(pair[1])


def whole_number(owner, argument, value, low, high):
    """An integer in [low, high]."""
    if not is_integer(value) or not low <= value <= high:
        fail(owner, argument, f"an integer in [{low}, {high}]", value)
    return int(value)


def count_range(owner, argument, value):
    """An integer of at least 1, or a pair (least, most), of which the least may be 0."""
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    whole = len(pair) == 2 and all(map(is_integer, pair))
    if not whole or not 0 <= pair[0] <= pair[1] or pair[1] < 1:
        accepted = "an integer of at least 1, or a pair (least, most) with 0 <= least <= most >= 1"
        fail(owner, argument, accepted, value)
    return int(pair[0]), int(pair[1])


def is_integer(value):
    """Is it a whole number, and not a truth value?"""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def fixed_or_range(owner, argument, value, low, high):
    """A number `x` means (x, x); a pair is (lower, upper)."""
    if is_number(value):
        return (number(owner, argument, value, low, high),) * 2
    return bounds(owner, argument, value, low, high, "a number, or ")


def counts(owner, argument, value):
    """A pair (rows, columns) of integers of at least 1."""
    pair = isinstance(value, (tuple, list)) and len(value) == 2
    if not pair or not all(map(is_integer, value)) or min(value) < 1:
        fail(owner, argument, "a pair (rows, columns) of integers of at least 1", value)
    return int(value[0]), int(value[1])
