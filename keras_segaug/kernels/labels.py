"""Classes that are swapped."""

from keras_segaug.checks import classes
from keras_segaug.core.backend import ops


def swap(owner, mask, pairs, condition):
    """The mask (B, H, W, K) with the classes of each pair swapped where the condition holds.

    Args:
        owner: the layer, for error messages.
        mask: class ids (K = 1) or one channel per class.
        pairs: ((left, right), ...), every class at most once.
        condition: bool, (B, 1, 1, 1).
    """
    pairs = classes.pairs_in_mask(owner, pairs, mask)
    if not pairs:
        return mask
    if mask.shape[-1] > 1:
        return _swap_channels(mask, pairs, condition)
    swapped = mask
    for left, right in pairs:
        left, right = (ops.cast(class_id, mask.dtype) for class_id in (left, right))
        swapped = ops.where(mask == left, right, ops.where(mask == right, left, swapped))
    return ops.where(condition, swapped, mask)


def swap_scores(owner, scores, pairs, condition):
    """The same for a network's predictions: scores (B, H, W, K), one channel per class."""
    pairs = classes.pairs_in_scores(owner, pairs, scores.shape[-1])
    return _swap_channels(scores, pairs, condition) if pairs else scores


def _swap_channels(tensor, pairs, condition):
    order = list(range(tensor.shape[-1]))
    for left, right in pairs:
        order[left], order[right] = right, left
    return ops.where(condition, ops.take(tensor, order, axis=-1), tensor)
