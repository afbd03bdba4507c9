"""Turns class weights into pixel weights, and fits weights to targets of another size."""

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.checks.values import is_number
from keras_segaug.core.backend import ops


def table(owner, class_weight):
    """The weights of the classes 0, 1, ... and, last, 1 for all others; None for None."""
    if class_weight is None:
        return None
    accepted = "None, or a mapping from class ids (0, 1, ...) to numbers of at least 0"
    try:
        weights = {int(class_id): weight for class_id, weight in class_weight.items()}
    except (AttributeError, TypeError, ValueError):
        checks.fail(owner, "class_weight", accepted, class_weight)
    right = all(is_number(weight) and weight >= 0.0 for weight in weights.values())
    if not weights or min(weights) < 0 or not right or len(weights) < len(class_weight):
        checks.fail(owner, "class_weight", accepted, class_weight)
    return (*(float(weights.get(n, 1.0)) for n in range(max(weights) + 1)), 1.0)


def of_classes(owner, table, masks, weights, data_format):
    """Sample weights (B, H, W): the class weights, times the given weights.

    Args:
        owner: for messages.
        table: as `table` gives it.
        masks: one tensor of class ids, or with one channel per class, whose weights are added up.
        weights: the given sample weights, or None.
        data_format: "channels_first" or "channels_last".
    """
    if keras.tree.is_nested(masks) or keras.tree.is_nested(weights):
        raise ValueError(
            f"{checks.name_of(owner)}: `class_weight` is for one mask. Received a structure of "
            "masks or weights. Give a weight for each pixel as sample weights instead."
        )
    channels = 1 if data_format == "channels_first" else -1
    found = None
    if len(masks.shape) == 4 and masks.shape[channels] == 1:
        masks = ops.squeeze(masks, axis=channels)
    if len(masks.shape) == 4:
        count = masks.shape[channels]
        shares = ops.cast(masks, "float32")
        given = np.array([table[min(n, len(table) - 1)] for n in range(count)], "float32")
        shape = (-1, 1, 1) if data_format == "channels_first" else (-1,)
        found = ops.sum(shares * given.reshape(shape), axis=channels)
    else:
        last = len(table) - 1
        ids = ops.cast(masks, "int32")
        ids = ops.where((ids < 0) | (ids > last), last, ids)
        found = ops.take(ops.convert_to_tensor(table, dtype="float32"), ids, axis=0)
    if weights is None:
        return found
    weights = ops.cast(weights, "float32")
    if len(weights.shape) == 4:
        weights = ops.squeeze(weights, axis=channels)
    elif len(weights.shape) < 3:
        weights = ops.reshape(weights, (-1, 1, 1))
    return found * weights


def fitting(owner, weights, targets, data_format):
    """Weights of pixels for targets of any size: each takes the weight at the same place.

    Args:
        owner: for messages.
        weights: sample weights: one tensor, None, or a structure, which is left as it is.
        targets: what the loss gets, of one output or of several.
        data_format: "channels_first" or "channels_last".
    """
    if weights is None or keras.tree.is_nested(weights) or len(weights.shape) < 3:
        return weights
    size = size_of(weights, data_format)
    sizes = [size_of(each, data_format) for each in keras.tree.flatten(targets)]
    if all(each == size for each in sizes):
        return weights
    if any(None in each for each in [size, *sizes]):
        raise ValueError(
            f"{checks.name_of(owner)}: weights of pixels need targets whose height and width are "
            f"known. Received weights of shape {tuple(weights.shape)} and targets of the sizes "
            f"{sizes}. Leave the weights out, or let `mask_transform` give masks."
        )
    return keras.tree.map_structure(
        lambda target: _at(weights, size, size_of(target, data_format), data_format), targets
    )


def size_of(tensor, data_format):
    """(height, width) of masks, weights or scores; numbers where they are known, else None."""
    rank = len(tensor.shape)
    if rank not in (3, 4):
        return None, None
    first = rank == 4 and data_format == "channels_first"
    return tuple(tensor.shape[2:4] if first else tensor.shape[1:3])


def _at(weights, size, wanted, data_format):
    axis = 2 if len(weights.shape) == 4 and data_format == "channels_first" else 1
    for n, (have, want) in enumerate(zip(size, wanted, strict=True)):
        # The pixel that contains the middle of the target's pixel.
        places = ((np.arange(want) + 0.5) * have / want).astype("int32")
        weights = ops.take(weights, places, axis=axis + n)
    return weights
