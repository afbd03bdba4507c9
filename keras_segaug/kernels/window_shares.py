"""How much of a window its largest class fills, judged by points that are looked up in a mask."""

from keras_segaug.core.backend import gather_rows, ops
from keras_segaug.kernels.crop_selection import labels_of
from keras_segaug.kernels.crop_selection_one_hot import channels_on
from keras_segaug.kernels.samplers import nearest_index
from keras_segaug.kernels.xla_cpu.blocks import computed_once, materialize, reduce_blocks


def grid_shares(mask, rows, columns, candidates, ignored):
    """The share of each window's counted points that its largest class has.

    Points outside the mask, without a class, or of the ignored class do not count; where none
    counts, the share is 2, worse than any. In a mask with one channel per class, a class is where
    its channel is on.

    Args:
        mask: (B, H, W, 1) of class ids, or (B, H, W, C) with one channel per class.
        rows: (B * K, N), float: where the points of K windows per sample lie, in pixels.
        columns: (B * K, M), likewise.
        candidates: K.
        ignored: a class id or None.

    Returns:
        (B * K,), float32.
    """
    _, height, width, channels = ops.shape(mask)
    places, inside = zip(*map(_looked_up, (rows, columns), (height, width)), strict=True)
    inside = inside[0][:, :, None] & inside[1][:, None, :]
    samples = (ops.arange(ops.shape(rows)[0], dtype="int32") // candidates)[:, None, None]
    index = (samples * height + places[0][:, :, None]) * width + places[1][:, None, :]
    if channels > 1:
        found = gather_rows(ops.reshape(channels_on(mask), (-1, channels)), index)
        return _share_of_channels(found & inside[..., None], ignored)
    found = ops.cast(gather_rows(ops.reshape(labels_of(mask), (-1,)), index), "int32")
    found = ops.where(inside, found, -1)
    if ignored is not None:
        found = ops.where(found == ignored, -1, found)
    return _share_of_labels(ops.reshape(found, (-1, rows.shape[1] * columns.shape[1])))


def _looked_up(position, size):
    """The pixels that positions lie on, and whether there are such pixels."""
    pixel = nearest_index(position)
    # In memory: the compiler would otherwise compute them again for every point of the grid.
    pixel, clipped = materialize([pixel, ops.clip(pixel, 0, size - 1)])
    return clipped, pixel == clipped


@computed_once
def _share_of_labels(labels):
    """The share for labels (N, points), below 0 where a point does not count, by all pairs."""
    (labels,) = materialize([labels])
    alike = labels[:, :, None] == labels[:, None, :]
    votes = ops.sum(reduce_blocks(ops.sum, ops.cast(alike, "int32")), axis=-2)
    most = ops.max(ops.where(labels >= 0, votes, 0), axis=-1)
    return _share(most, ops.sum(ops.cast(labels >= 0, "int32"), axis=-1))


@computed_once
def _share_of_channels(found, ignored):
    """The share for points (N, rows, columns, C), bool."""
    counted = ops.any(found, axis=-1, keepdims=True)
    if ignored is not None and 0 <= ignored < found.shape[-1]:
        counted = counted & ~found[..., ignored : ignored + 1]
    votes = ops.sum(ops.cast(found & counted, "int32"), axis=(1, 2))
    return _share(ops.max(votes, axis=-1), ops.sum(ops.cast(counted, "int32"), axis=(1, 2, 3)))


def _share(most, counted):
    share = ops.cast(most, "float32") / ops.cast(ops.maximum(counted, 1), "float32")
    return ops.where(counted > 0, share, 2.0)
