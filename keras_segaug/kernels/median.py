"""The median of the square about each pixel, exact, by networks of minima and maxima.

Two values are put in order by their minimum and their maximum. Batcher's odd-even merge
("Sorting networks and their applications", AFIPS 1968) makes a fixed list of such steps, which
is the same for all pixels. Columns are sorted once for all squares they are part of. In the rows
of sorted columns only the places are kept where the median can be, and of the steps only
those that it depends on.
"""

import functools

from keras_segaug.core.backend import ops
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.xla_cpu.blocks import fusion_barrier, one_after_the_other
from keras_segaug.kernels.xla_cpu.switches import one_of_each, switches


def median_blur(images, size, sizes, gaps=False):
    """The median of each channel about each pixel; beyond the image are copies of its border.

    Args:
        images: (B, H, W, C), float32 or uint8, as the result.
        size: (B, 1, 1, 1), the side of the square, which is one of `sizes`.
        sizes: the odd numbers that are drawn from, as Python numbers.
        gaps: may a value be NaN? Then squares that hold one give NaN.
    """
    sizes = list(sizes)
    if not switches(images):
        result = images
        for side in [each for each in sizes if each > 1]:
            result = ops.where(size == side, _of_size(images, side, gaps), result)
        return result

    def of_size(side):
        return lambda turn, image: fusion_barrier(
            lambda image: _of_size(image, side, gaps),
            image,
            ops.shape(image),
            dtype_of(image),
            by_lines=True,
        )

    size = ops.reshape(size, (-1, 1))
    case = sum(ops.cast(size == side, "int32") * place for place, side in enumerate(sizes))
    return one_of_each(case, [of_size(side) for side in sizes], images)


def _of_size(images, side, gaps):
    if side == 1:
        return images
    if not gaps:
        return _median(images, side)
    missing = ops.isnan(images)
    found = _median(ops.where(missing, 0.0, images), side)
    near = _squares(ops.cast(missing, "float32"), side, _highest)
    return ops.where(near > 0.0, float("nan"), found)


def _median(images, side):
    return _squares(
        images, side, functools.partial(_run, _column_network(side)), _row_network(side)
    )


def _squares(images, side, of_column, network=None):
    """Reduces columns of `side` neighbors to lists, and then rows of such lists to one value."""
    batch, height, width, channels = ops.shape(images)
    reach = side // 2
    line = (width + 2 * reach) * channels
    count = side if network else 1

    def sorted_columns(images):
        padded = _repeated(_repeated(images, 1, reach), 2, reach)
        padded = ops.reshape(padded, (batch, height + 2 * reach, line))
        return ops.stack(of_column([padded[:, y : y + height] for y in range(side)]))

    shape = (count, batch, height, line)
    columns = one_after_the_other([(sorted_columns, shape, dtype_of(images))], images)
    places = range(0, side * channels, channels)
    beside = [columns[i, :, :, x : x + width * channels] for i in range(count) for x in places]
    [found] = _run(network, beside) if network else _highest(beside)
    return ops.reshape(found, (batch, height, width, channels))


def _highest(values):
    return [functools.reduce(ops.maximum, values)]


def _repeated(images, axis, reach):
    """Pads with copies of the outermost pixels."""
    first, last = ([slice(None)] * 4 for _ in range(2))
    first[axis], last[axis] = slice(0, 1), slice(-1, None)
    ends = [images[tuple(first)]] * reach, [images[tuple(last)]] * reach
    return ops.concatenate([*ends[0], images, *ends[1]], axis=axis)


# --- Networks ----------------------------------------------------------------------------------


class _Network:
    """Steps (is it a maximum?, place, place), each of which puts a value at the next place."""

    def __init__(self, count):
        self.count = count
        self.steps = []
        self.results = []

    def ordered(self, a, b):
        self.steps += [(False, a, b), (True, a, b)]
        last = self.count + len(self.steps)
        return last - 2, last - 1


def _run(network, values):
    """The results of a network for tensors of one shape."""
    values = [*values, *[None] * len(network.steps)]
    wanted = set(network.results)
    for place in reversed(range(network.count, len(values))):
        if place in wanted:
            wanted.update(network.steps[place - network.count][1:])
    for place in sorted(wanted):
        if place >= network.count:
            highest, a, b = network.steps[place - network.count]
            values[place] = (ops.maximum if highest else ops.minimum)(values[a], values[b])
    return [values[place] for place in network.results]


@functools.cache
def _column_network(side):
    network = _Network(side)
    network.results = _sorted(list(range(side)), network.ordered)
    return network


@functools.cache
def _row_network(side):
    """From `side` rows, which hold the lowest, next, ... values of all columns, to the median.

    With the rows sorted, too, (i + 1)(j + 1) values are at most the one at (i, j), itself
    included. So values whose place alone puts them below or above the median are left out.
    """
    network, half = _Network(side * side), (side * side + 1) // 2
    runs = []
    for i in range(side):
        row = _sorted(list(range(i * side, (i + 1) * side)), network.ordered)
        runs.append(
            [
                value
                for j, value in enumerate(row)
                if (i + 1) * (j + 1) <= half and (side - i) * (side - j) <= half
            ]
        )
    while len(runs) > 1:
        first, second, *runs = sorted(runs, key=len)
        runs.append(_merged(first, second, network.ordered))
    network.results = [runs[0][len(runs[0]) // 2]]
    return network


def _sorted(values, ordered):
    if len(values) < 2:
        return values
    middle = (len(values) + 1) // 2
    first, second = _sorted(values[:middle], ordered), _sorted(values[middle:], ordered)
    return _merged(first, second, ordered)


def _merged(first, second, ordered):
    """Merges two sorted lists: those at even places, those at odd ones, then neighbors."""
    if not first or not second:
        return first or second
    if len(first) == len(second) == 1:
        return list(ordered(first[0], second[0]))
    lowest, *even = _merged(first[::2], second[::2], ordered)
    odd = _merged(first[1::2], second[1::2], ordered)
    paired = min(len(even), len(odd))
    result = [lowest]
    for a, b in zip(odd[:paired], even[:paired], strict=True):
        result += ordered(a, b)
    return [*result, *odd[paired:], *even[paired:]]
