"""Classes that change places."""

from keras_segaug import classes
from keras_segaug.backend import ops


def swap(owner, mask, pairs, condition):
    """The mask (B, H, W, K) with the classes of each pair swapped where the condition holds.

    Args:
        owner: the layer, for error messages.
        mask: class ids (K = 1) or one channel a class.
        pairs: ((left, right), ...), every class at most once.
        condition: bool, (B, 1, 1, 1).
    """
    channels = mask.shape[-1]
    pairs = classes.pairs_in_mask(owner, pairs, mask)
    if not pairs:
        return mask
    if channels > 1:
        order = list(range(channels))
        for left, right in pairs:
            order[left], order[right] = right, left
        return ops.where(condition, ops.take(mask, order, axis=-1), mask)
    swapped = mask
    for left, right in pairs:
        left, right = (ops.cast(class_id, mask.dtype) for class_id in (left, right))
        swapped = ops.where(mask == left, right, ops.where(mask == right, left, swapped))
    return ops.where(condition, swapped, mask)
