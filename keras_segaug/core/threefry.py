"""The generator of random words: Threefry-2x32, 20 rounds.

Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11. It takes a hundred small steps.
Compiled they become one. Run eagerly, each would be a call of the backend, so they run in numpy
instead, in 32 bits and without a call of the accelerator for each.
"""

import functools
import importlib

import numpy as np

from keras_segaug.core import backend, devices, shared_function
from keras_segaug.core.backend import ops

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_WORD = 0xFFFFFFFF
# Words that numpy makes at a time, so that they stay in the cache.
_CHUNK = 1 << 14


def on_host(keys, from_accelerator=False):
    """The keys as a numpy array where numpy is to make the words; unchanged elsewhere.

    Args:
        keys: integers (..., 2), a tensor or a numpy array; an array is returned as uint32 words.
        from_accelerator: also fetch keys from there? That waits for all of its pending work.
    """
    if isinstance(keys, np.ndarray):
        # Keys of torch have 64 bits, but sums must not use more than 32.
        return keys.astype("uint32", copy=False)
    if not devices.has_values(keys):
        return keys
    if not (from_accelerator or devices.is_on_cpu(keys)):
        return keys
    return devices.host_array(keys).astype("uint32")


def library(words):
    """The library whose functions take such words: numpy, or the backend's `ops`."""
    return np if isinstance(words, np.ndarray) else ops


def as_tensor(words):
    """Words as a tensor, wherever they were made."""
    return ops.convert_to_tensor(words, dtype="uint32") if isinstance(words, np.ndarray) else words


def as_words(numbers, keys):
    """Numbers as words of the same kind as the keys."""
    if not isinstance(keys, np.ndarray):
        return ops.cast(numbers, "uint32")
    if not isinstance(numbers, int):
        numbers = backend.to_numpy(numbers)
    return np.asarray(numbers, "int64").astype("uint32")


def counted(count, keys):
    """The numbers 0 .. count - 1, as words of the same kind as the keys."""
    if isinstance(keys, np.ndarray):
        return np.arange(count, dtype="uint32")
    return ops.cast(ops.arange(count, dtype="int32"), "uint32")


def pairs(keys, count, stream):
    """Two times (B, count) words for keys (B, 2)."""
    words = on_host(keys)
    if not isinstance(words, np.ndarray):
        return threefry_2x32(keys[:, None, :], counted(count, keys), constant(stream))
    found = np.empty((2, len(words), count), "uint32")
    step = max(_CHUNK // max(len(words), 1), 1)
    for start in range(0, count, step):
        part = np.arange(start, min(start + step, count), dtype="uint32")
        found[:, :, start : start + step] = threefry_2x32(
            words[:, None, :], part, np.uint32(stream)
        )
    return found if isinstance(keys, np.ndarray) else tuple(as_tensor(each) for each in found)


@np.errstate(over="ignore")
def threefry_2x32(keys, counter_0, counter_1):
    """Two random words for each key (..., 2) and counter; everything broadcasts.

    A layer calls this several times. TensorFlow's graphs hold the steps once. Otherwise they would
    be most of a small layer's graph, and of the time that tracing it takes.
    """
    words = keys[..., 0], keys[..., 1], counter_0, counter_1
    if not isinstance(keys, np.ndarray) and backend.name() == "tensorflow":
        return shared_function.shared(_threefry)(*words, call=shared_function.shared)
    return _threefry(*words)


def _threefry(key_0, key_1, counter_0, counter_1, call=lambda function: function):
    """The words of 20 rounds, four at a time.

    Args:
        key_0, key_1, counter_0, counter_1: words that broadcast.
        call: takes a function and returns one with the same results.
    """
    # One tensor for each constant: tracing thousands of them takes longer than all the rest.
    number = functools.cache(lambda value: _number(value, key_0))
    four_rounds = call(_four_rounds)
    schedule = (key_0, key_1, key_0 ^ key_1 ^ number(_PARITY))
    x, y = _cut(counter_0 + key_0), _cut(counter_1 + key_1)
    for group in range(5):
        distances = [number(distance) for distance in _ROTATIONS[group % 2]]
        rest = [number(32 - distance) for distance in _ROTATIONS[group % 2]]
        key_x, key_y = schedule[(group + 1) % 3], schedule[(group + 2) % 3] + number(group + 1)
        x, y = four_rounds(x, y, key_x, key_y, *distances, *rest)
    return x, y


def _four_rounds(x, y, key_x, key_y, *distances):
    """Four rounds and the keys after them; `distances`: those to the left, then to the right."""
    shift = _shifts(x)
    for left, right in zip(distances[:4], distances[4:], strict=True):
        x = _cut(x + y)
        y = _cut(shift.left_shift(y, left) | shift.right_shift(y, right)) ^ x
    return _cut(x + key_x), _cut(y + key_y)


def _shifts(words):
    """The library whose shifts take such words. Keras' own cast their arguments first."""
    if isinstance(words, (np.ndarray, np.generic)):
        return np
    return importlib.import_module("tensorflow").bitwise if backend.name() == "tensorflow" else ops


def _cut(words):
    """The lower 32 bits of words that torch keeps in 64; elsewhere words have no more."""
    narrow = isinstance(words, (np.ndarray, np.generic)) or backend.name() != "torch"
    return words if narrow else words & _WORD


def _number(value, words):
    """A number as a word of the same kind as `words`."""
    return np.uint32(value) if isinstance(words, (np.ndarray, np.generic)) else constant(value)


def constant(value):
    return ops.convert_to_tensor(value, dtype="uint32")


def unit(words):
    """Words as float32 numbers in [0, 1): their upper 24 bits, which float32 holds exactly."""
    if isinstance(words, np.ndarray):
        return ops.convert_to_tensor((words >> np.uint32(8)).astype("float32") * 2.0**-24)
    upper = ops.right_shift(words, constant(8))
    return ops.cast(ops.cast(upper, "int32"), "float32") * 2.0**-24
