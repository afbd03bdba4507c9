"""Checks of the arguments of layers that cut windows, built on those of `values.py`."""

import numbers
from collections.abc import Mapping

from keras_segaug.checks.values import fail, is_number, name_of, one_of

# For each sample, a table of this length has the rank of each class.
_HIGHEST_CLASS = 65535
# As for images: float32 must tell a pixel from its neighbor.
_LONGEST = 1 << 23


def window_size(owner, height, width=None, argument="height"):
    """Height and width in pixels: two numbers, or a pair of them, or one for a square.

    `argument` is what the owner calls the first, which takes the pair.
    """
    accepted = f"an integer in 1 .. {_LONGEST} (for a square), or a pair (height, width) of them"
    pair = height
    if width is not None or not isinstance(height, (tuple, list)):
        pair = (height, height if width is None else width)
        accepted = accepted if width is None else f"an integer in 1 .. {_LONGEST}"
    if len(pair) != 2:
        fail(owner, argument, accepted, height)
    for side, named in zip(pair, (argument, "width"), strict=True):
        if not isinstance(side, numbers.Integral) or isinstance(side, bool):
            side = 0
        if not 1 <= side <= _LONGEST:
            given = argument if width is None else named
            fail(owner, given, accepted, width if given == "width" else height)
    return int(pair[0]), int(pair[1])


def truth(owner, argument, value):
    return one_of(owner, argument, value, (True, False))


def holds_window(owner, size, window):
    """Checks that an image of this size, where it is known, is at least as large as the window."""
    for argument, length, given in zip(("height", "width"), window, size, strict=True):
        if isinstance(given, numbers.Integral) and given < length:
            raise ValueError(
                f"{name_of(owner)}: the image must be at least as large as the window while "
                f"`pad` is False. Received {argument}={length} and an image of {size[0]} x "
                f"{size[1]} (height x width). Make the window smaller, or set `pad=True` to fill "
                "around the image."
            )


def positive_pair(owner, argument, value):
    """An integer of at least 1 for both axes, or a pair (for the height, for the width)."""
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2 or any(
        not isinstance(n, numbers.Integral) or isinstance(n, bool) or int(n) < 1 for n in pair
    ):
        fail(owner, argument, "an integer of at least 1, or a pair of them", value)
    return int(pair[0]), int(pair[1])


def share(owner, argument, value):
    """None, or a number above 0 and at most 1."""
    if value is not None and (not is_number(value) or not 0.0 < value <= 1.0):
        fail(owner, argument, "None or a number above 0 and at most 1", value)
    return None if value is None else float(value)


def classes_to_aim_for(owner, classes, weights, probability):
    """(ids or None, a weight for each or None), from ids and weights or a mapping of both."""
    given = "class_weights" if classes is None else "foreground_classes"
    if (classes is not None or weights is not None) and probability == 0.0:
        accepted = f"above 0 where `{given}` is given: no window would aim at a class"
        fail(owner, "foreground_probability", accepted, probability)
    if isinstance(weights, Mapping):
        if classes is not None:
            accepted = "None where `class_weights` is a mapping, which names the classes"
            fail(owner, "foreground_classes", accepted, classes)
        # JSON files turn the ids into strings.
        classes = [int(key) if str(key).isdecimal() else key for key in weights]
        weights = list(weights.values())
    elif weights is not None and classes is None:
        accepted = "a mapping from class ids to weights, where `foreground_classes` is None"
        fail(owner, "class_weights", accepted, weights)
    if classes is None:
        return None, None
    classes = distinct_ids(owner, given, classes)
    if weights is None:
        return classes, None
    accepted = "one number above 0 for each class (leave out a class instead of giving it 0)"
    if not isinstance(weights, (tuple, list)) or len(weights) != len(classes):
        fail(owner, "class_weights", accepted, weights)
    if any(not is_number(weight) or weight <= 0 for weight in weights):
        fail(owner, "class_weights", accepted, weights)
    return classes, tuple(map(float, weights))


def distinct_ids(owner, argument, classes, kind="class ids"):
    accepted = f"{kind} in 0 .. {_HIGHEST_CLASS}, at least one, every one once"
    if isinstance(classes, numbers.Integral) or not isinstance(classes, (tuple, list, set, range)):
        fail(owner, argument, accepted, classes)
    if not all(isinstance(x, numbers.Integral) and not isinstance(x, bool) for x in classes):
        fail(owner, argument, accepted, classes)
    ids = tuple(map(int, classes))
    if not ids or len(set(ids)) < len(ids) or min(ids) < 0 or max(ids) > _HIGHEST_CLASS:
        fail(owner, argument, accepted, classes)
    return ids
