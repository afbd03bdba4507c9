"""Which of some windows of a mask to take: by what they hold, batched, at a fixed cost.

Labels are (B, H, W) of an integer dtype, -1 where a pixel has no class.
"""

import numpy as np

from keras_segaug.backend import gather_rows, loops_pay, materialised, ops, window_of
from keras_segaug.kernels.lookup import dtype_of

# Points along each side of a window that tell which classes fill most of it.
_GRID = 16


def labels_of(mask):
    """Class ids (B, H, W) of an index mask (B, H, W, 1) or a one-hot mask (B, H, W, K)."""
    if mask.shape[-1] > 1:
        highest = ops.cast(ops.argmax(mask, axis=-1), "int32")
        return ops.where(ops.any(mask > 0, axis=-1), highest, -1)
    labels = mask[..., 0]
    return labels if dtype_of(labels) == "uint8" else ops.cast(labels, "int32")


def foreground(labels, classes, priority, background):
    """The pixels (B, H, W) of the class to aim for.

    Args:
        labels: (B, H, W).
        classes: the ids to choose from, or None for all but the background.
        priority: (B, len(classes)): the class with the lowest number among those that a
            picture holds is its class.
        background: ids that are no foreground where `classes` is None.
    """
    labels = ops.cast(labels, "int32")
    if classes is None:
        wanted = labels >= 0
        for label in background:
            wanted = wanted & (labels != label)
        return wanted
    count = len(classes)
    # Ranks, not numbers: a class is then told from another by one comparison.
    ranks = ops.sum(ops.cast(priority[:, :, None] > priority[:, None, :], "int32"), axis=-1)
    ranks = ops.pad(ranks, ((0, 0), (0, 1)), constant_values=count)
    places = np.full(max(classes) + 2, count, "int32")
    places[list(classes)] = np.arange(count)
    table = ops.take(ranks, ops.convert_to_tensor(places, dtype="int32"), axis=1)
    size = len(places)
    column = ops.where(labels < 0, size - 1, ops.minimum(labels, size - 1))
    first = size * ops.reshape(ops.arange(ops.shape(labels)[0], dtype="int32"), (-1, 1, 1))
    rank = gather_rows(ops.reshape(table, (-1,)), first + column)
    best = ops.min(rank, axis=(1, 2), keepdims=True)
    return (rank == best) & (best < count)


def pick_pixel(wanted, fraction):
    """One of the pixels that are wanted, every one equally likely.

    Args:
        wanted: (B, H, W), bool.
        fraction: (B,) in [0, 1).

    Returns:
        (row, column, is there one at all?), each (B,), the first two float32.
    """
    counts = ops.cumsum(ops.sum(ops.cast(wanted, "int32"), axis=2), axis=1)
    total = counts[:, -1]
    number = ops.cast(ops.floor(fraction * ops.cast(total, "float32")), "int32")
    number = ops.maximum(ops.minimum(number, total - 1), 0)[:, None]
    before = ops.cast(counts <= number, "int32")
    row = ops.minimum(ops.sum(before, axis=1), ops.shape(wanted)[1] - 1)
    number = number - ops.max(before * counts, axis=1, keepdims=True)
    line = ops.take_along_axis(ops.cast(wanted, "int32"), row[:, None, None], axis=1)[:, 0]
    column = ops.sum(ops.cast(ops.cumsum(line, axis=1) <= number, "int32"), axis=1)
    column = ops.minimum(column, ops.shape(wanted)[2] - 1)
    return ops.cast(row, "float32"), ops.cast(column, "float32"), total > 0


def largest_shares(labels, tops, lefts, height, width, ignored):
    """The share of each window's counted pixels that its largest class fills.

    Pixels outside the picture, without a class, or of the ignored class do not count; where
    none count, the share is 2, worse than any. The two classes that fill most of a window on a
    grid of 16 x 16 of its points are counted in full, every pixel of the window.

    Args:
        labels: (B, H, W).
        tops: (B, K), the first row of each window; may lie outside the picture.
        lefts: (B, K), its first column.
        height: of the windows.
        width: of the windows.
        ignored: a class id or None.

    Returns:
        (B, K), float32.
    """
    full_height, full_width = ops.shape(labels)[1:]
    height, width = _least(height, full_height), _least(width, full_width)
    tops = ops.clip(ops.cast(tops, "int32"), 0, full_height - height)
    lefts = ops.clip(ops.cast(lefts, "int32"), 0, full_width - width)
    candidates = ops.shape(tops)[1]
    samples = ops.arange(ops.shape(labels)[0], dtype="int32")
    samples = ops.broadcast_to(samples[:, None], ops.shape(tops))
    # Else the compiler would find the windows anew for every pixel that it counts.
    windows = materialised([ops.reshape(x, (-1,)) for x in (samples, tops, lefts)])
    classes = _main_classes(labels, windows, height, width, ignored)
    counts = _count(labels, windows, classes, height, width, ignored)
    most, counted = ops.maximum(counts[:, 0], counts[:, 1]), counts[:, 2]
    shares = ops.where(counted > 0.0, most / ops.maximum(counted, 1.0), 2.0)
    return ops.reshape(shares, (-1, candidates))


def _main_classes(labels, windows, height, width, ignored):
    """The two most frequent classes of each window (N, 2) on a grid of its points."""
    samples, tops, lefts = windows
    steps = (ops.cast(ops.arange(_GRID, dtype="int32"), "float32") + 0.5) / _GRID
    rows, columns = (ops.cast(ops.floor(steps * _as_float(x)), "int32") for x in (height, width))
    found = _at(labels, samples, tops[:, None] + rows, lefts[:, None] + columns)
    (found,) = materialised([ops.cast(found, "int32")])
    counted = found >= 0 if ignored is None else (found >= 0) & (found != ignored)
    # One in four of the points is enough to name the classes, all of them rank these.
    named = ops.reshape(found[:, ::2, ::2], (-1, 1, _GRID * _GRID // 4))
    usable = ops.reshape(counted[:, ::2, ::2], (-1, _GRID * _GRID // 4))
    found = ops.reshape(found, (-1, _GRID * _GRID, 1))
    votes = ops.where(usable, ops.sum(ops.cast(found == named, "int32"), axis=1), 0)
    named = named[:, 0]
    named, votes = materialised([named, votes])
    first = ops.take_along_axis(named, ops.argmax(votes, axis=1)[:, None], axis=1)
    votes = ops.where(named == first, -1, votes)
    second = ops.take_along_axis(named, ops.argmax(votes, axis=1)[:, None], axis=1)
    # No class at all must not be counted as one.
    chosen = ops.concatenate(materialised([first, second]), axis=1)
    return chosen if ignored is None else ops.where(chosen == ignored, -1, chosen)


def _at(labels, samples, rows, columns):
    """Labels (N, h, w) of pictures (N,) at rows (N, h) and columns (N, w) inside them."""
    height, width = ops.shape(labels)[1:]
    lines = samples[:, None, None] * height + rows[:, :, None]
    return gather_rows(ops.reshape(labels, (-1,)), lines * width + columns[:, None, :])


def _count(labels, windows, classes, height, width, ignored):
    """How often each window (N,) holds its two classes, and pixels that count: (N, 3)."""

    def count(window, chosen):
        def how_many(which):
            return ops.sum(ops.cast(which, "int32"), axis=(-2, -1))

        sums = [
            how_many((window == ops.cast(one, window.dtype)) & (one >= 0))
            for one in (chosen[..., i, None, None] for i in range(2))
        ]
        if ignored is None and dtype_of(labels) == "uint8":
            sums.append(ops.full_like(sums[0], height * width))
        else:
            window = ops.cast(window, "int32")
            kept = window >= 0 if ignored is None else (window >= 0) & (window != ignored)
            sums.append(how_many(kept))
        return ops.cast(ops.stack(sums, axis=-1), "float32")

    samples, tops, lefts = windows
    if loops_pay():
        # One window after the other, each a slice: nothing of its size is written anywhere.
        size = (1, height, width)
        return ops.map(
            lambda x: count(window_of(labels, x[:3], size)[0], x[3]), (*windows, classes)
        )
    rows = tops[:, None] + ops.arange(height, dtype="int32")
    columns = lefts[:, None] + ops.arange(width, dtype="int32")
    return count(_at(labels, samples, rows, columns), classes)


def _least(a, b):
    both = isinstance(a, int) and isinstance(b, int)
    return min(a, b) if both else ops.minimum(a, b)


def _as_float(size):
    return float(size) if isinstance(size, int) else ops.cast(size, "float32")
