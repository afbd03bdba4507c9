"""Keys and parameters as they are handed over: what they are, and how many they are for."""

import numbers
from collections.abc import Mapping

import numpy as np

from keras_segaug import checks
from keras_segaug.core import backend, random
from keras_segaug.core.backend import ops


def as_key(owner, key, count):
    """The key as words, (2,) or, for so many samples, (count, 2)."""
    if isinstance(key, numbers.Integral):
        return random.key(int(key))
    shape, dtype = tuple(getattr(key, "shape", ())), str(getattr(key, "dtype", ""))
    rows = shape[0] if len(shape) == 2 else count
    other = isinstance(rows, int) and isinstance(count, int) and rows != count
    if len(shape) not in (1, 2) or shape[-1] != 2 or "int" not in dtype or other:
        accepted = (
            "an integer, or the words (2,) that `keras_segaug.random.key(integer)` and `call_key` "
            "return (in a traced function these alone), or such words for each sample, (batch, 2)"
        )
        checks.fail(owner, "key", accepted, key)
    return key


def is_size(size):
    return hasattr(size, "__len__") and not isinstance(size, str) and len(size) == 2


def is_shape(data):
    """Is it the shape of images, and not images and what goes with them?"""
    if type(data).__name__ == "TensorShape":
        return True
    entries = data if isinstance(data, (tuple, list)) and len(data) in (3, 4) else [{}]
    return not any(
        isinstance(entry, Mapping) or len(getattr(entry, "shape", ())) for entry in entries
    )


def rows_of(size, count):
    """The size for each sample, so that parameters can be cut up by samples."""
    size = [-1 if n is None else n for n in size]
    if all(isinstance(n, int) for n in (*size, count)):
        return np.tile(np.array(size, "int32"), (count, 1))
    return ops.broadcast_to(ops.convert_to_tensor(size, dtype="int32"), (count, 2))


def size_of(parameters):
    """The (height, width) that parameters were drawn for, None where they do not say."""
    rows = (parameters or {}).get("input_size")
    if rows is None or 0 in rows.shape:
        return None
    if not backend.is_eager(rows):
        return rows[0, 0], rows[0, 1]
    height, width = (int(n) for n in backend.to_numpy(rows)[0])
    return None if -1 in (height, width) else (height, width)


def count_of(parameters):
    """How many samples parameters were drawn for."""
    rows = parameters.get("input_size")
    return 0 if rows is None else int(rows.shape[0])


def len_of(inputs):
    images = inputs.images
    return ops.shape(images)[0] if len(images.shape) == 4 else 1
