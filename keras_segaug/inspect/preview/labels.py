"""Label values: encodes them in a mask, and decodes the mask that comes back."""

import numpy as np

from keras_segaug import checks

UNKNOWN = -1


class Labels:
    """The values of a mask's codes 0, 1, 2, ..., before and after the augmentation.

    Args:
        before: integers, or colors as tuples; the mask then has one channel per component.
        after: what they should become; None: the same.
        dtype: of the mask.
    """

    def __init__(self, before, after, dtype):
        self.before = np.asarray(before, dtype)
        self.after = self.before if after is None else np.asarray(after)

    @property
    def count(self):
        return len(self.before)

    def encode(self, codes):
        return self.before[codes]

    def decode(self, mask, channels):
        """Codes (H, W) of a mask; UNKNOWN where its value is not one of those expected.

        Args:
            mask: (H, W) or (H, W, K).
            channels: how many channels went in; 0 without a channel axis.
        """
        if self.after.ndim == 2:
            return self._nearest_color(mask)
        if mask.ndim == 3 and mask.shape[-1] == self.count and channels in (0, 1):
            one_hot = ((mask == 0) | (mask == 1)).all(-1) & (mask.sum(-1) == 1)
            return np.where(one_hot, np.argsort(self.after)[mask.argmax(-1)], UNKNOWN)
        values = mask.reshape((*mask.shape[:2], -1))[..., 0]
        code = self.nearest(values)
        return np.where(self.after[code] == values, code, UNKNOWN)

    def nearest(self, values):
        """The codes of the nearest values, for values that are not labels."""
        if values.ndim == 3 or self.after.ndim == 2:
            return np.zeros(values.shape[:2], "int64")
        order = np.argsort(self.after)
        ordered = self.after[order].astype("float64")
        place = np.searchsorted((ordered[1:] + ordered[:-1]) / 2, values.astype("float64"))
        return order[place]

    def _nearest_color(self, mask):
        if mask.ndim != 3 or mask.shape[-1] != self.after.shape[-1]:
            return np.full(mask.shape[:2], UNKNOWN)
        same = (mask[..., None, :] == self.after).all(-1)
        return np.where(same.any(-1), same.argmax(-1), UNKNOWN)


def read_labels(owner, argument, value):
    """A number of classes, or a list of ids or of colors, checked."""
    accepted = "a number of classes of at least 2, or a list of distinct class ids or colors"
    if isinstance(value, int) and not isinstance(value, bool) and value >= 2:
        return list(range(value))
    if not isinstance(value, (list, tuple, range)) or len(value) < 2:
        checks.fail(owner, argument, accepted, value)
    array = np.asarray(value)
    if array.ndim > 2 or array.dtype.kind not in "iu" or len(np.unique(array, axis=0)) < len(array):
        checks.fail(owner, argument, accepted, value)
    return list(value)
