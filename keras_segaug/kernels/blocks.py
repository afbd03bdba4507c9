"""Loops over blocks of rows, where a program is compiled for a CPU.

The result of a loop is in memory before it is used. XLA would else compute it once for each value
made of it: a blend once a byte, a blur along one axis once a tap of the other.
"""

from keras_segaug.backend import loops_pay, ops

# Few enough to cost nothing, small enough for the cache.
BLOCKS = 8


def in_row_blocks(function, tensors, samples=None):
    """Calls `function` with tensors (..., rows, width, ...) and returns its list of such tensors.

    Args:
        function: must treat every row by itself.
        tensors: of shape (B, H, ...).
        samples: (B, 1, 1), handed to the function as they are, where given.
    """
    extra = [] if samples is None else [samples]
    batch, height = ops.shape(tensors[0])[:2]
    if not loops_pay() or 0 in tensors[0].shape:
        return function(*extra, *tensors)
    block = -(-height // BLOCKS)

    def split(tensor):
        rest = tensor.shape[2:]
        spread = ((0, 0), (0, BLOCKS * block - height), *[(0, 0)] * len(rest))
        return ops.reshape(ops.pad(tensor, spread), (-1, block, *rest))

    extra = [ops.reshape(ops.broadcast_to(x, (batch, BLOCKS, 1)), (-1, 1, 1)) for x in extra]
    found = ops.map(lambda parts: function(*parts), (*extra, *map(split, tensors)))
    return [ops.reshape(x, (-1, BLOCKS * block, *x.shape[2:]))[:, :height] for x in found]
