"""Chooses among windows of a mask by what they hold, batched, at a fixed cost.

For masks with one channel per class, see `crop_selection_one_hot`.

Labels are (B, H, W) of an integer dtype, -1 where a pixel has no class.
"""

import numpy as np

from keras_segaug.core.backend import compiling_for_cpu, gather_rows, ops, window_of
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.xla_cpu.blocks import materialize, reduce_blocks

# Points along each side of a window that tell which classes fill most of it.
_GRID = 16


def labels_of(mask):
    """Class ids (B, H, W) of an index mask (B, H, W, 1)."""
    labels = mask[..., 0]
    return labels if dtype_of(labels) == "uint8" else ops.cast(labels, "int32")


def foreground(labels, classes, priority, background):
    """The pixels (B, H, W) of the class to aim for.

    Args:
        labels: (B, H, W).
        classes: the ids to choose from, or None for all but the background.
        priority: (B, len(classes)): of the classes that an image holds, the one with the lowest
            number is aimed for.
        background: ids that are not foreground where `classes` is None.
    """
    if classes is None:
        wanted = labels >= 0
        for label in background:
            wanted = wanted & (labels != label) if _can_hold(labels, label) else wanted
        return wanted
    held = [label for label in classes if _can_hold(labels, label)]
    if not held:
        return ops.zeros_like(labels, dtype="bool")
    # Compared in the mask's own dtype: the compiler then tests dozens of pixels at once.
    present = ops.stack([_occurs(labels == label) for label in held], axis=1)
    chosen = draw_present(present, held, classes, priority, labels.dtype)
    return labels == chosen[:, None, None]


def draw_present(present, held, classes, priority, dtype):
    """The class (B,) of the lowest priority among those of `held` that are present (B, N)."""
    (present,) = materialize([present])
    priority = ops.stack([priority[:, classes.index(label)] for label in held], axis=1)
    best = ops.argmin(ops.where(present, priority, np.inf), axis=1)
    # Where none of them is present, the chosen one is not found either.
    chosen = ops.take(ops.convert_to_tensor(held, dtype=dtype), best)
    return materialize([chosen])[0]


def pick_pixel(wanted, fraction):
    """One of the pixels that are wanted, each equally likely.

    Args:
        wanted: (B, H, W), bool.
        fraction: (B,) in [0, 1).

    Returns:
        Its place, float32 (B,) for each axis, and bool (B,), whether there is one at all.
    """
    columns = ops.cumsum(_columns(wanted), axis=1)
    total = columns[:, -1]
    number = ops.cast(ops.floor(fraction * ops.cast(total, "float32")), "int32")
    number = ops.maximum(ops.minimum(number, total - 1), 0)
    column, number = _place(columns, number)
    line = ops.take_along_axis(ops.cast(wanted, "int32"), column[:, None, None], axis=2)[:, :, 0]
    row, _ = _place(ops.cumsum(line, axis=1), number)
    row, column = materialize([ops.cast(row, "float32"), ops.cast(column, "float32")])
    return (row, column), total > 0


def how_many(flags):
    """How many of (..., H, W) are True: int32 (...)."""
    # No count exceeds the limit: it only keeps the compiler from merging the two sums.
    return ops.sum(ops.minimum(_columns(flags), 1 << 30), axis=-1)


def _occurs(flags):
    """Is any of (..., H, W) True? (...)"""
    columns = ops.max(reduce_blocks(ops.max, ops.cast(flags, "uint8")), axis=-2)
    return ops.max(ops.minimum(columns, 1), axis=-1) > 0


def _columns(flags):
    """How many of (..., H, W) are True in each column: int32 (..., W)."""
    return ops.sum(reduce_blocks(ops.sum, ops.cast(flags, "int32")), axis=-2)


def _place(ends, number):
    """Which of the stretches that end at (B, N) holds the item of this number (B,)?

    Returns:
        The stretch, and the item's number in it.
    """
    before = ops.cast(ends <= number[:, None], "int32")
    index = ops.minimum(ops.sum(before, axis=1), ops.shape(ends)[1] - 1)
    return index, number - ops.max(before * ends, axis=1)


def largest_shares(labels, starts, window, ignored, enough):
    """The share of each window's counted pixels that its largest class fills.

    Pixels outside the image, without a class, or of the ignored class do not count; where
    no pixel counts, the share is 2, worse than any. The two classes that are most frequent on a
    grid of 16 x 16 points of a window are counted in full, on every pixel of the window. Where no
    point of the grid counts but some pixels do, the share is 1.

    Args:
        labels: (B, H, W).
        starts: (B, K) for each axis, where each window begins; may lie outside the image.
        window: the size of all windows.
        ignored: a class id or None.
        enough: after the first window of an image whose share is no larger than this, the others
            need not be looked at; their share may be returned as 3.

    Returns:
        (B, K), float32.
    """
    size = ops.shape(labels)[1:]
    window = [_least(length, n) for length, n in zip(window, size, strict=True)]
    starts = [
        ops.clip(ops.cast(start, "int32"), 0, n - length)
        for start, n, length in zip(starts, size, window, strict=True)
    ]
    samples = ops.arange(ops.shape(labels)[0], dtype="int32")
    samples = ops.broadcast_to(samples[:, None], ops.shape(starts[0]))
    # Otherwise the compiler would compute the windows again for every pixel that it counts.
    windows = materialize([ops.reshape(x, (-1,)) for x in (samples, *starts)])
    candidates = ops.shape(samples)[1]
    if compiling_for_cpu():
        shares = _shares_until(enough, labels, windows, candidates, window, ignored)
    else:
        classes = _main_classes(labels, windows, window, ignored)
        places = [ops.arange(length, dtype="int32") for length in window]
        shares = _share(_at(labels, windows, places), classes, ignored)
    return ops.reshape(shares, (-1, candidates))


def _shares_until(enough, labels, windows, candidates, window, ignored):
    """One window at a time, each a slice: nothing as large as a window is written to memory."""
    number = ops.shape(windows[0])[0]

    def step(index, shares):
        start = [ops.take(each, index, axis=0) for each in windows]
        single = [ops.reshape(each, (1,)) for each in start]
        classes = _main_classes(labels, single, window, ignored)[0]
        share = _share(window_of(labels, start, (1, *window))[0], classes, ignored)
        shares = ops.scatter_update(shares, ops.reshape(index, (1, 1)), ops.reshape(share, (1,)))
        next_sample = (index // candidates + 1) * candidates
        return ops.where(share <= enough, next_sample, index + 1), shares

    start = ops.zeros((), "int32"), ops.full((number,), 3.0, "float32")
    return ops.while_loop(lambda index, shares: index < number, step, start)[1]


def _main_classes(labels, windows, window, ignored):
    """The two most frequent classes of each window (N, 2) on a grid of its points."""
    steps = (ops.cast(ops.arange(_GRID, dtype="int32"), "float32") + 0.5) / _GRID
    places = [ops.cast(ops.floor(steps * _as_float(length)), "int32") for length in window]
    found = _at(labels, windows, places)
    (found,) = materialize([ops.cast(found, "int32")])
    counted = found >= 0 if ignored is None else (found >= 0) & (found != ignored)
    # Where every point counts, one in four is enough to name the classes; all points rank them.
    step = 2 if _counts_all(labels, ignored) else 1
    some = (x[:, ::step, ::step] for x in (found, counted))
    named, usable = (ops.reshape(x, (-1, (_GRID // step) ** 2)) for x in some)
    found = ops.reshape(found, (-1, _GRID * _GRID, 1))
    votes = ops.where(usable, _columns(found == named[:, None]), 0)
    named, votes = materialize([named, votes])
    first = ops.take_along_axis(named, ops.argmax(votes, axis=1)[:, None], axis=1)
    votes = ops.where(named == first, -1, votes)
    second = ops.take_along_axis(named, ops.argmax(votes, axis=1)[:, None], axis=1)
    # The ignored class must not be counted as one of the two.
    chosen = ops.concatenate(materialize([first, second]), axis=1)
    return chosen if ignored is None else ops.where(chosen == ignored, -1, chosen)


def _can_hold(labels, label):
    """Can labels of this dtype hold the id? If not, a comparison with it would wrap around."""
    return dtype_of(labels) != "uint8" or 0 <= label <= 255


def _at(labels, windows, places):
    """Labels (N, h, w) of windows (N,) at places (h,) and (w,), relative to where each begins."""
    height, width = ops.shape(labels)[1:]
    samples, *starts = windows
    rows, columns = (start[:, None] + at for start, at in zip(starts, places, strict=True))
    lines = samples[:, None, None] * height + rows[:, :, None]
    return gather_rows(ops.reshape(labels, (-1,)), lines * width + columns[:, None, :])


def _share(windows, classes, ignored):
    """The share of each window (..., h, w) that the larger of its two classes (..., 2) fills."""
    first, second = (
        how_many((windows == ops.cast(one, windows.dtype)) & (one >= 0))
        for one in (classes[..., i, None, None] for i in range(2))
    )
    if _counts_all(windows, ignored):
        height, width = ops.shape(windows)[-2:]
        counted = ops.full_like(first, height * width)
    else:
        kept = windows >= 0 if ignored is None else (windows >= 0) & (windows != ignored)
        counted = how_many(kept)
    # Where no point of the grid has a class, all counted pixels may be of one class.
    most = ops.where(first > 0, ops.maximum(first, second), counted)
    most, counted = ops.cast(most, "float32"), ops.cast(counted, "float32")
    return ops.where(counted > 0.0, most / ops.maximum(counted, 1.0), 2.0)


def _counts_all(labels, ignored):
    """Does every possible label count?"""
    ignores = ignored is not None and _can_hold(labels, ignored)
    return not ignores and dtype_of(labels) == "uint8"


def _least(a, b):
    both = isinstance(a, int) and isinstance(b, int)
    return min(a, b) if both else ops.minimum(a, b)


def _as_float(size):
    return float(size) if isinstance(size, int) else ops.cast(size, "float32")
