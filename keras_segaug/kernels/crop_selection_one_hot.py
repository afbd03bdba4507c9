"""Chooses among windows of a mask: `crop_selection` for masks with one channel per class.

A class is present at a pixel where its channel is on, whatever the other channels say: classes
may overlap (a lesion inside an organ). Such masks are (B, H, W, K) of bool.
"""

from keras_segaug.core.backend import ops
from keras_segaug.kernels.crop_selection import draw_present
from keras_segaug.kernels.matrices import as_float
from keras_segaug.kernels.products import matmul
from keras_segaug.kernels.sampling import dtype_of


def channels_on(mask):
    """Which channels of which pixels are on: bool (B, H, W, K)."""
    return mask if dtype_of(mask) == "bool" else mask > 0


def foreground(channels, classes, priority, background):
    """The pixels (B, H, W) of the class to aim for, as in `crop_selection`."""
    count = channels.shape[-1]
    if classes is None:
        wanted = [i for i in range(count) if i not in background]
        if not wanted:
            return ops.zeros_like(channels[..., 0], dtype="bool")
        return ops.any(ops.take(channels, wanted, axis=-1), axis=-1)
    held = [label for label in classes if label < count]
    if not held:
        return ops.zeros_like(channels[..., 0], dtype="bool")
    present = ops.any(ops.take(channels, held, axis=-1), axis=(1, 2))
    chosen = draw_present(present, held, classes, priority, "int32")
    is_chosen = ops.arange(count, dtype="int32") == chosen[:, None]
    return ops.any(channels & is_chosen[:, None, None], axis=-1)


def largest_shares(channels, starts, window, ignored, enough=None):
    """The share of each window's counted pixels that its largest class fills.

    As in `crop_selection`. Pixels where no channel is on, or that of the ignored class, do not
    count. All channels of all windows are counted in full, as two products of matrices. These need
    no lookup for each pixel, whatever the number of channels, and hold counts of less than 2**24
    pixels exactly.
    """
    counted = ops.any(channels, axis=-1, keepdims=True)
    if ignored is not None and 0 <= ignored < channels.shape[-1]:
        counted = counted & ~channels[..., ignored : ignored + 1]
    planes = ops.cast(ops.concatenate([channels & counted, counted], axis=-1), "float32")
    height, width = ops.shape(channels)[1:3]
    rows, columns = map(_inside, starts, window, (height, width))
    # (B, K, H) x (B, H, W * C), then each window's own columns.
    lines = matmul(rows, ops.reshape(planes, (-1, height, width * planes.shape[-1])))
    lines = ops.reshape(lines, (-1, rows.shape[1], width, planes.shape[-1]))
    counts = ops.sum(lines * columns[..., None], axis=2)
    total = counts[..., -1]
    share = ops.max(counts[..., :-1], axis=-1) / ops.maximum(total, 1.0)
    return ops.where(total > 0.0, share, 2.0)


def _inside(starts, length, size):
    """(B, K, size): 1 where a place lies in a window (B, K), which is moved into the image."""
    room = ops.maximum(as_float(size) - length, 0.0)
    first = ops.clip(starts, 0.0, room)[..., None]
    place = ops.cast(ops.arange(size, dtype="int32"), "float32")
    return ops.cast((place >= first) & (place < first + length), "float32")
