"""Augmentation in Ray Data, by the records' own keys: `keras_segaug.data.ray.Augment`."""

import hashlib
from typing import Any

import keras
import numpy as np

from keras_segaug import checks, random
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.data.accepted import for_rows
from keras_segaug.data.rows import column_of, groups

_OWNER = "ray.Augment"


class Augment:
    """Augments the batches of `dataset.map_batches(Augment(augmentation, seed))`.

    What happens to a record depends on the seed, the epoch and the record's own number or name. It
    is the same for any number of workers and any batches, and when Ray computes a block again. The
    layer's own stream and seed are not used. Ray itself is not imported: anything that passes
    batches as mappings from columns to arrays can call it.

    Images (height, width, channels) and masks (height, width) of a batch are augmented together if
    all have the same size, else one by one; other columns stay as they are. Masks are read by
    nearest lookup only.

    Args:
        augmentation: a keras_segaug layer that does not mix samples: Ray chooses what is in a
            batch.
        seed: an integer, taken modulo 2**32. Other seeds give other draws.
        epoch: an integer below 2**32; every epoch has its own draws.
        image: the column of images.
        mask: the column of masks.
        record: the column that tells records apart: integers of at least 0, or text such as
            paths, as `read_images(..., include_paths=True)` gives them.

    Raises:
        TypeError: for anything but a keras_segaug layer.
        ValueError: for a layer that mixes samples, gives several views, has `targets` or takes
            "channels_first"; by the call, for a column that is missing, a row without an image or a
            mask, records that are neither numbers nor text.

    Example:

    >>> from keras_segaug.data.ray import Augment
    >>> augment = Augment(keras_segaug.JointRandomFlip(dtype="uint8"), seed=1)
    >>> rows = {
    ...     "image": np.zeros((2, 8, 8, 3), "uint8"),
    ...     "mask": np.ones((2, 8, 8), "uint8"),
    ...     "path": np.array(["a.png", "b.png"]),
    ... }
    >>> moved = augment(rows)  # as dataset.map_batches(augment) does it
    >>> moved["image"].shape, moved["mask"].shape, moved["path"].tolist()
    ((2, 8, 8, 3), (2, 8, 8), ['a.png', 'b.png'])
    """

    def __init__(
        self,
        augmentation: AugmentationLayer,
        seed: int,
        *,
        epoch: int = 0,
        image: str = "image",
        mask: str = "mask",
        record: str = "path",
    ) -> None:
        if for_rows(_OWNER, augmentation)._mixes():
            accepted = "a layer that mixes no samples: who is in a batch is Ray's choice"
            checks.fail(_OWNER, "augmentation", accepted, augmentation)
        if seed is None:
            checks.fail(_OWNER, "seed", "an integer", seed)
        self.augmentation = augmentation
        if checks.natural_number(_OWNER, "epoch", epoch) > 0xFFFFFFFF:
            checks.fail(_OWNER, "epoch", "below 2**32", epoch)
        self._key = np.array([checks.seed(_OWNER, seed) & 0xFFFFFFFF, epoch], "uint32")
        self.image, self.mask, self.record = image, mask, record

    def __call__(self, rows: Any) -> dict[str, Any]:
        cure = "Leave them out: dataset.filter(...) before."
        columns = [column_of(_OWNER, rows, name, cure) for name in (self.image, self.mask)]
        keys = self._keys(column_of(_OWNER, rows, self.record, cure))
        images: list = []
        masks: list = []
        for numbers in groups(*columns):
            batch = tuple(np.stack([column[n] for n in numbers]) for column in columns)
            found = self.augmentation.augment(batch, key=keys[numbers])
            for results, moved in zip((images, masks), found, strict=True):
                results += list(keras.ops.convert_to_numpy(moved))
        return {**rows, self.image: _column(images), self.mask: _column(masks)}

    def _keys(self, records):
        """(rows, 2): a key for each record, whatever else is in the batch."""
        words = np.array([_words(record) for record in records], "uint32").reshape(-1, 2)
        keys = np.repeat(self._key[None], len(words), axis=0)
        for place in range(2):
            keys = random.fold_in(keys, words[:, place])
        return keys


def _words(record):
    """64 bits that tell a record from others."""
    if isinstance(record, str):
        # File names may hold bytes that are not text.
        name = record.encode(errors="surrogateescape")
        number = int.from_bytes(hashlib.blake2s(name, digest_size=8).digest(), "little")
    elif isinstance(record, (int, np.integer)) and record >= 0:
        number = int(record)
    else:
        checks.fail(_OWNER, "record", "a column of integers of at least 0, or of text", record)
    return number & 0xFFFFFFFF, number >> 32 & 0xFFFFFFFF


def _column(arrays):
    """One array, or, where sizes differ, an array of arrays, as Ray keeps them."""
    if len({array.shape for array in arrays}) == 1:
        return np.stack(arrays)
    column = np.empty(len(arrays), object)
    column[:] = arrays
    return column
