"""Argument checks of integers, pairs and ranges of them; as in `values.py`."""

import numbers

from keras_segaug.checks.values import bounds, fail, is_number, number


def integer_range(owner, argument, value, low, high=None):
    """An integer `n` means (n, n); a pair is (lower, upper)."""
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    whole = [isinstance(n, numbers.Integral) and not isinstance(n, bool) for n in pair]
    if (
        len(pair) != 2
        or not all(whole)
        or not low <= pair[0] <= pair[1]
        or (high is not None and pair[1] > high)
    ):
        within = f"of at least {low}" if high is None else f"in [{low}, {high}]"
        fail(owner, argument, f"an integer {within}, or a pair (lower, upper) of them", value)
    return int(pair[0]), int(pair[1])


def fixed_or_range(owner, argument, value, low, high):
    """A number `x` means (x, x); a pair is (lower, upper)."""
    if is_number(value):
        return (number(owner, argument, value, low, high),) * 2
    return bounds(owner, argument, value, low, high, "a number, or ")


def counts(owner, argument, value):
    """A pair (rows, columns) of integers of at least 1."""
    if isinstance(value, (tuple, list)) and len(value) == 2:
        whole = [isinstance(n, numbers.Integral) and not isinstance(n, bool) for n in value]
        if all(whole) and min(value) >= 1:
            return int(value[0]), int(value[1])
    return fail(owner, argument, "a pair (rows, columns) of integers of at least 1", value)
