"""Checks of arguments that are about classes."""

import numbers

import keras

from keras_segaug import checks


def class_swap(owner, value, class_names=None):
    """Pairs of class ids that are swapped, ((left, right), ...), from a mapping or pairs."""
    if value is None:
        return None
    accepted = (
        "a mapping {left: right} or a list of pairs of two different classes, every class in one "
        "pair only"
    )
    pairs = list(value.items()) if isinstance(value, dict) else value
    if not isinstance(pairs, (tuple, list)) or not all(
        isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs
    ):
        checks.fail(owner, "class_swap", accepted, value)
    ids = [tuple(_class_id(owner, each, class_names, value) for each in pair) for pair in pairs]
    # {1: 2, 2: 1} says the same thing twice.
    pairs = sorted({tuple(sorted(pair)) for pair in ids})
    classes = [class_id for pair in pairs for class_id in pair]
    if not pairs or len(set(classes)) < len(classes):
        checks.fail(owner, "class_swap", accepted, value)
    return tuple(pairs)


def _class_id(owner, given, class_names, value):
    if isinstance(given, str):
        if given not in (class_names or ()):
            named = "given in `class_names`" if class_names else "ids, or names with `class_names`"
            checks.fail(
                owner, "class_swap", f"made of classes that are {named}; {given!r} is not", value
            )
        return class_names[given] if isinstance(class_names, dict) else class_names.index(given)
    if not _is_id(given):
        checks.fail(owner, "class_swap", "made of class ids of at least 0, or names", value)
    return int(given)


def _is_id(value):
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return whole and int(value) >= 0


def class_names(owner, value):
    """Names in the order of the ids, or a mapping from names to ids."""
    if value is None:
        return None
    names = list(value) if isinstance(value, (tuple, list, dict)) else [None]
    if (
        not all(isinstance(name, str) for name in names)
        or len(set(names)) < len(names)
        or (isinstance(value, dict) and not all(map(_is_id, value.values())))
    ):
        checks.fail(
            owner, "class_names", "a list of names in the order of the ids, or {name: id}", value
        )
    return dict(value) if isinstance(value, dict) else names


def pairs_in_mask(owner, pairs, mask):
    """The pairs of classes that a mask of this dtype and channel count can hold."""
    dtype, channels = keras.backend.standardize_dtype(mask.dtype), mask.shape[-1]
    checks.known_channels(owner, "masks", channels)
    if channels > 1:
        return _held(owner, pairs, 0, channels - 1, f"a mask of {channels} channels")
    low, high = checks.mask_limits(dtype)
    kind = f"a {dtype} mask (one of other ids than classes takes the role 'weights' in `targets`)"
    return _held(owner, pairs, low, high, kind)


def pairs_in_scores(owner, pairs, channels):
    """The pairs of classes that predictions of so many channels have."""
    if channels == 1:
        raise ValueError(
            f"{checks.name_of(owner)}: predictions must have one channel a class for "
            f"`class_swap={pairs}`. Received 1 channel. Stack the scores of all classes along the "
            "channels, or pass `predictions=False` and swap the sides yourself."
        )
    return _held(owner, pairs, 0, channels - 1, f"predictions of {channels} channels")


def _held(owner, pairs, low, high, kind):
    held = [pair for pair in pairs if any(low <= class_id <= high for class_id in pair)]
    if not all(low <= class_id <= high for pair in held for class_id in pair):
        checks.fail(owner, "class_swap", f"made of classes up to {high} for {kind}", pairs)
    return held


def are_predictions(owner, value, has_masks):
    """`predictions` of `invert`: must the classes of the first entry be swapped back?"""
    if value is not None and not isinstance(value, bool):
        checks.fail(owner, "predictions", "None, True or False", value)
    if value is None and not has_masks and swap_somewhere(owner):
        accepted = (
            "True for class scores, which change sides back with `class_swap` where a sample was "
            "mirrored, or False for images"
        )
        checks.fail(owner, "predictions", accepted, value)
    return bool(value)


def swap_somewhere(layer):
    """Does the layer, or one inside it, have a `class_swap`?"""
    inner = getattr(layer, "layers", ())
    return bool(getattr(layer, "class_swap", None)) or any(map(swap_somewhere, inner))


def label(owner, argument, value):
    """A class id that a mask of some dtype can hold; which dtype it has is known at the call."""
    # int64 has the smallest number of all dtypes, uint64 the largest.
    if not -(2**63) <= checks.integer(owner, argument, value) < 2**64:
        accepted = "an id that a mask can hold, in -2**63 .. 2**64 - 1"
        checks.fail(owner, argument, accepted, value)
    return int(value)


def held(owner, argument, classes, mask):
    """Checks that masks like this one can hold these class ids, and returns the ids."""
    low, high = 0, mask.shape[-1] - 1
    if high == 0:
        low, high = checks.mask_limits(keras.backend.standardize_dtype(mask.dtype))
    if not all(low <= class_id <= high for class_id in classes):
        accepted = f"ids that the masks can hold, {low} to {high}"
        checks.fail(owner, argument, accepted, classes)
    return classes
