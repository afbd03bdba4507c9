"""Checks of arguments that speak of classes."""

import numbers

import keras

from keras_segaug import checks


def class_swap(owner, value, class_names=None):
    """Pairs of class ids that change places, ((left, right), ...), from a mapping or pairs."""
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
    if not isinstance(given, numbers.Integral) or isinstance(given, bool) or given < 0:
        checks.fail(owner, "class_swap", "made of class ids of at least 0, or names", value)
    return int(given)


def class_names(owner, value):
    """Names in the order of the ids, or a mapping from names to ids."""
    if value is None:
        return None
    names = list(value)
    if (
        not isinstance(value, (tuple, list, dict))
        or not all(isinstance(name, str) for name in names)
        or len(set(names)) < len(names)
    ):
        checks.fail(
            owner, "class_names", "a list of names in the order of the ids, or {name: id}", value
        )
    return dict(value) if isinstance(value, dict) else names


def pairs_in_mask(owner, pairs, mask):
    """The pairs of classes that a mask of this dtype and channel count can hold."""
    dtype = keras.backend.standardize_dtype(mask.dtype)
    one_hot = mask.shape[-1] > 1
    low, high = (0, mask.shape[-1] - 1) if one_hot else checks.mask_limits(dtype)
    held = [pair for pair in pairs if any(low <= class_id <= high for class_id in pair)]
    if not all(low <= class_id <= high for pair in held for class_id in pair):
        kind = f"a mask of {mask.shape[-1]} channels" if one_hot else f"a {dtype} mask"
        checks.fail(owner, "class_swap", f"made of classes up to {high} for {kind}", pairs)
    return held
