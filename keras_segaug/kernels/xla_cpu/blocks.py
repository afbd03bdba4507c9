"""Workarounds for XLA on a CPU: when to write to memory, and when to finish one part first.

On other devices, and where nothing is compiled, each of these only does what its name says.
`make bench` times what they gain; `make bench-check` fails when the gain is lost.
"""

import functools
import math

from keras_segaug.core.backend import compiling_for_cpu, name, ops, torch_backend
from keras_segaug.core.devices import runs_python_on_cpu
from keras_segaug.core.loop_backend import untraceable
from keras_segaug.kernels.values import tensors_in, with_tensors

# As many pixels as an image of 512 x 512 has.
_MOST_PIXELS = 1 << 18

# Few enough to cost nothing, small enough for the cache.
BLOCKS = 8


def map_row_tiles(function, tensors, per_sample=()):
    """Calls `function` with tensors (..., rows, width, ...) and returns its list of such tensors.

    The result of a loop is in memory before it is used. XLA would otherwise compute it again
    for each value made from it: a blend for every byte of the result.

    Args:
        function: must treat every row separately.
        tensors: of shape (B, H, ...).
        per_sample: tensors (B, 1, ...), passed to the function as they are, before the others.
    """
    batch, height = ops.shape(tensors[0])[:2]
    if not compiling_for_cpu() or 0 in tensors[0].shape:
        return function(*per_sample, *tensors)
    block = -(-height // BLOCKS)

    def split(tensor):
        rest = ops.shape(tensor)[2:]
        spread = ((0, 0), (0, BLOCKS * block - height), *[(0, 0)] * len(rest))
        return ops.reshape(ops.pad(tensor, spread), (-1, block, *rest))

    def repeated(tensor):
        rest = ops.shape(tensor)[2:]
        return ops.reshape(ops.broadcast_to(tensor, (batch, BLOCKS, *rest)), (-1, 1, *rest))

    each = map(repeated, per_sample)
    found = ops.map(lambda parts: function(*parts), (*each, *map(split, tensors)))
    return [ops.reshape(x, (-1, BLOCKS * block, *ops.shape(x)[2:]))[:, :height] for x in found]


def map_chunks(function, images, *nest, at_once=None):
    """Calls `function(images, *nest)` with some images of the batch at a time.

    A CPU that finishes an image before the next one finds all it wrote in its cache.

    Args:
        function: treats every image separately; returns a list of tensors (B, ...).
        images: (B, *size, C), or None where there are only labels.
        *nest: values as in `kernels.values`, whose tensors are (B, ...).
        at_once: how many images, which must divide the batch; None: as many as the cache holds.

    Returns:
        What the function returns.
    """
    given = (images, *nest)
    first = tensors_in(given)[0]
    batch, *size = ops.shape(first)[:-1]
    count = at_once or (_at_once(batch, size) if finishes_images(first) else None)
    if count is None or (isinstance(batch, int) and batch == count):
        return function(*given)

    def part(tensors):
        return function(*with_tensors(given, tensors))

    if name() == "torch":
        return torch_backend().by_parts(part, tensors_in(given), count)
    split = [ops.reshape(x, (-1, count, *ops.shape(x)[1:])) for x in tensors_in(given)]
    return [ops.reshape(x, (-1, *ops.shape(x)[2:])) for x in ops.map(part, tuple(split))]


def finishes_images(tensor):
    """Is one image at a time done faster than the whole batch?"""
    return compiling_for_cpu() or runs_python_on_cpu(tensor)


def _at_once(batch, size):
    """How many images to work on together, a divisor of the batch; None for all of them."""
    known = all(isinstance(each, int) and each > 0 for each in (batch, *size))
    if not known:
        return None
    fitting = range(1, max(_MOST_PIXELS // math.prod(size), 1) + 1)
    count = max(count for count in fitting if batch % count == 0)
    return None if count == batch else count


def fusion_barrier(function, tensor, shape, dtype, by_lines=False):
    """`function(tensor)`, of this shape and dtype, in memory before it is used.

    XLA fuses what it can into the loop of every reader, where it is computed as often as it is
    read: the colors of an image again for each byte that they are packed into. It leaves the
    branch of a conditional alone. That costs one pass of writing and one of reading.

    Args:
        function: takes the tensor.
        tensor: what it takes.
        shape: of its result.
        dtype: of its result.
        by_lines: is the result (B, H, W, C) of a function that treats all channels alike? It is
            then computed with width and channels as one axis: in a loop over the few channels of a
            pixel, XLA takes what it has read apart by channels.
    """
    if not compiling_for_cpu() or 0 in tensor.shape:
        return function(tensor)
    tensor = untraceable(tensor)
    # Always false, even for NaN, but XLA cannot prove it and keeps the branch.
    never = ops.cast(ops.reshape(tensor, (-1,))[0], "float32") < -math.inf
    # Of two branches XLA would make a selection and fuse it, if it takes both for cheap.
    lines = (*shape[:-2], shape[-2] * shape[-1]) if by_lines else shape
    unused = [lambda: ops.zeros(lines, dtype)] * 2
    used = [lambda: ops.reshape(function(tensor), lines)]
    return ops.reshape(ops.switch(ops.cast(never, "int32"), [*used, *unused]), shape)


def one_after_the_other(steps, images):
    """Runs [(function, the shape and the dtype of its result)], each in memory before the next.

    For steps that read each value of the previous step several times, where XLA would compute it
    as often: a blur of 5 x 5 would take 3.2 ms an image of 512 x 512 x 3 instead of 2.7 (`blur` of
    `make bench`), one of 13 x 13 would take 4.8 instead of 3.6.
    """
    for function, shape, dtype in steps:
        images = fusion_barrier(function, images, shape, dtype)
    return images


def materialize(values):
    """Small tensors of one shape, written to memory before they are read.

    XLA on a CPU fuses a cheap computation into every reader and drops its own optimization
    barriers before it does; it never fuses a scatter (except one of a single row: hence two). That
    costs writing and reading a few numbers for each sample.
    """
    if not compiling_for_cpu() or 0 in values[0].shape:
        return values
    stacked = ops.stack(values if len(values) > 1 else [*values, ops.zeros_like(values[0])])
    rows = ops.reshape(ops.arange(max(len(values), 2), dtype="int32"), (-1, 1))
    stacked = ops.scatter_update(ops.zeros_like(stacked), rows, stacked)
    return [stacked[i] for i in range(len(values))]


def computed_once(function):
    """Decorates a function with one small result, or several of one shape: see `materialize`.

    For what XLA would otherwise compute again for each pixel that depends on it, such as the place
    of a window that looks at its mask (0.75 ms an image of 512 x 512 instead of 0.55, `crop-share`
    of `make bench`).
    """

    @functools.wraps(function)
    def once(*arguments, **options):
        found = function(*arguments, **options)
        several = isinstance(found, (list, tuple))
        written = materialize(list(found) if several else [found])
        return written if several else written[0]

    return once


def reduce_blocks(reduce, values, rows=32):
    """Reduces every column, `rows` values at a time: (..., H, W) -> (..., H / rows, W).

    XLA on a CPU reduces up to 32 values fast. It splits a longer reduction by itself, but
    writes all values to memory first. Elsewhere the values are returned as they are.
    """
    *rest, height, width = ops.shape(values)
    if not compiling_for_cpu() or not isinstance(height, int) or height <= rows:
        return values
    whole = height // rows * rows
    blocks = reduce(ops.reshape(values[..., :whole, :], (*rest, -1, rows, width)), axis=-2)
    if whole < height:
        last = reduce(values[..., whole:, :], axis=-2, keepdims=True)
        blocks = ops.concatenate([blocks, last], axis=-2)
    # In memory: XLA would otherwise merge this and the reduction of its result again.
    return materialize([blocks])[0]


def column_sums(values):
    """The sum of every column of float32 (B, H, W): (B, W).

    XLA adds a column up one row at a time, which takes a third longer (2.7 ms instead of 2.0 for
    the contrast of an image of 512 x 512 x 3, `layer:ImageOnlyContrast` of `make bench`). The
    result is in memory: XLA would otherwise merge this sum with one over it, in another order.
    """
    return computed_once(ops.sum)(reduce_blocks(ops.sum, values, rows=16), axis=1)
