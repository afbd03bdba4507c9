"""Brings the tensors of a sample into one layout, and back."""

from keras_segaug.core.backend import ops
from keras_segaug.kernels.values import Value


def differ(shape, other):
    """Do two shapes contradict each other where both are known?"""
    return any(
        a is not None and b is not None and a != b for a, b in zip(shape, other, strict=True)
    )


def shape_of(tensor):
    """The shape as a tuple, or None where not even the rank is known."""
    shape = getattr(tensor, "shape", ())
    return None if getattr(shape, "rank", 0) is None else tuple(shape)


class Layout(Value):
    """How a tensor is laid out, to and from (B, H, W, C)."""

    batched: bool
    channels: str | None  # "first", "last", or None where the tensor has no channel axis
    channels_first: bool  # where a new channel axis goes

    def pack(self, tensor):
        tensor = ops.convert_to_tensor(tensor)
        tensor = tensor if self.batched else tensor[None]
        if self.channels == "first":
            return ops.transpose(tensor, (0, 2, 3, 1))
        return tensor[..., None] if self.channels is None else tensor

    def unpack(self, tensor):
        if self.channels is None and tensor.shape[-1] == 1:
            tensor = tensor[..., 0]
        elif self._gives_first():
            tensor = ops.transpose(tensor, (0, 3, 1, 2))
        return tensor if self.batched else tensor[0]

    def packed_shape(self, shape):
        shape = tuple(shape) if self.batched else (1, *shape)
        if self.channels == "first":
            return (shape[0], *shape[2:], shape[1])
        return (*shape, 1) if self.channels is None else shape

    def unpacked_shape(self, shape):
        batch, height, width, channels = shape
        if self.channels is None and channels == 1:
            shape = (batch, height, width)
        elif self._gives_first():
            shape = (batch, channels, height, width)
        return tuple(shape) if self.batched else tuple(shape[1:])

    def _gives_first(self):
        return self.channels == "first" or (self.channels is None and self.channels_first)


def layout_beside(images, size, shape, channels_first):
    """The layout of what belongs to images.

    Args:
        images: the layout of the images.
        size: their (height, width).
        shape: of the mask, the weights or anything else that has their height and width.
        channels_first: is that the data format?
    """
    if len(shape) == 2 + images.batched:
        return Layout(images.batched, None, channels_first)
    last = Layout(images.batched, "last", channels_first)
    # A mask may keep its classes last beside channels-first images.
    if not channels_first or (
        differ(shape[-2:], size) and not differ(last.packed_shape(shape)[1:3], size)
    ):
        return last
    return Layout(images.batched, "first", channels_first)


class PointLayout(Value):
    """Points (..., N, 2), to and from (B, n, 2) in float32."""

    batched: bool

    def pack(self, points):
        points = ops.cast(ops.convert_to_tensor(points), "float32")
        points = points if self.batched else points[None]
        return ops.reshape(points, (ops.shape(points)[0], -1, 2))

    def unpack_like(self, points, given):
        given = ops.convert_to_tensor(given)
        return ops.cast(ops.reshape(points, ops.shape(given)), given.dtype)
