"""Functions of 8-bit values, computed once for each value and looked up."""

from keras_segaug.core.backend import compiling_for_cpu, gather_rows, ops
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.xla_cpu.blocks import materialize

_VALUES = 256


def can_tabulate(images):
    """Is it faster to make a table for these images than to compute the function per pixel?"""
    if isinstance(images, list) or not compiling_for_cpu() or dtype_of(images) != "uint8":
        return False
    height, width = images.shape[1:3]
    known = isinstance(height, int) and isinstance(width, int)
    return known and height * width >= 4 * _VALUES


def tabulated(function, images):
    """`function(images)` of uint8 images (B, H, W, C).

    Args:
        function: takes and returns float32 (B, H, W, C), and does the same to equal values of an
            image.
        images: the images.
    """
    batch = ops.shape(images)[0]
    values = ops.cast(ops.arange(_VALUES, dtype="int32"), "float32")
    values = ops.broadcast_to(ops.reshape(values, (1, -1, 1, 1)), (batch, _VALUES, 1, 1))
    (table,) = materialize([ops.reshape(function(values), (-1,))])
    start = ops.reshape(ops.arange(batch, dtype="int32") * _VALUES, (-1, 1, 1, 1))
    return gather_rows(table, start + ops.cast(images, "int32"))
