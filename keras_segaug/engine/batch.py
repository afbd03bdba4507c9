"""The tensors that operations work on."""

from typing import Any

from keras_segaug.core.backend import ops
from keras_segaug.kernels.values import Value


class Batch(Value):
    """Tensors (B, *size, C), with masks and weights as flat lists.

    Between two layers that change colors, images may be a list of their channels. They are None
    where only the masks are needed.
    """

    images: Any
    masks: list
    weights: list

    def size(self):
        """One entry for each spatial axis."""
        return tuple(ops.shape(self.first())[1:-1])

    def first(self):
        """One of its tensors."""
        tensors = self.images if isinstance(self.images, list) else [self.images]
        return next(x for x in (*tensors, *self.masks, *self.weights) if x is not None)
