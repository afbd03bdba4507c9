"""Keys and draws: the only source of randomness in the package.

Counter-based random numbers (Threefry-2x32, 20 rounds; Salmon et al., "Parallel
random numbers: as easy as 1, 2, 3", SC'11). A key is two 32-bit words; the same
key gives the same bits on every backend, eager, compiled and in `tf.data`.
"""

import math
from typing import Any

from keras_segaug.backend import materialised, ops

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_WORD = 0xFFFFFFFF
# The second counter word keeps derived keys apart from drawn numbers.
_FOLD_STREAM = _WORD


def key(seed, counter=0):
    """The key of one call.

    Args:
        seed: integer; taken modulo 2**32.
        counter: integer, the number of the call; taken modulo 2**32.

    Returns:
        A tensor of shape (2,), dtype uint32 (int64 on the torch backend).
    """
    return ops.convert_to_tensor([seed & _WORD, counter & _WORD], dtype="uint32")


def fold_in(keys, index):
    """New, independent keys from keys (..., 2) and an integer or an integer tensor (...)."""
    counter = ops.cast(index, "uint32")
    return ops.stack(threefry_2x32(keys, counter, _constant(_FOLD_STREAM)), axis=-1)


def threefry_2x32(keys, counter_0, counter_1):
    """Two random words for each key (..., 2) and counter; everything broadcasts.

    torch keeps uint32 in int64, so every sum and shift is cut to 32 bits; where
    the words are 32 bits wide already, the compiler drops that.
    """
    key_0, key_1 = keys[..., 0], keys[..., 1]
    schedule = (key_0, key_1, key_0 ^ key_1 ^ _constant(_PARITY))
    x, y = _cut(counter_0 + key_0), _cut(counter_1 + key_1)
    for group in range(5):
        for distance in _ROTATIONS[group % 2]:
            x = _cut(x + y)
            y = _rotate_left(y, distance) ^ x
        x = _cut(x + schedule[(group + 1) % 3])
        y = _cut(y + schedule[(group + 2) % 3] + _constant(group + 1))
    return x, y


def _constant(value):
    return ops.convert_to_tensor(value, dtype="uint32")


def _cut(words):
    return words & _constant(_WORD)


def _rotate_left(words, distance):
    left = ops.bitwise_left_shift(words, _constant(distance))
    return _cut(left | ops.bitwise_right_shift(words, _constant(32 - distance)))


def _unit(words):
    """Words to float32 in [0, 1): the upper 24 bits, which float32 holds exactly."""
    upper = ops.bitwise_right_shift(words, _constant(8))
    return ops.cast(ops.cast(upper, "int32"), "float32") * (1.0 / (1 << 24))


def words(keys, count, stream):
    """`count` random words for each of the keys (B, 2), shape (B, count)."""
    pairs = (count + 1) // 2
    counter = ops.cast(ops.arange(pairs, dtype="int32"), "uint32")
    first, second = threefry_2x32(keys[:, None, :], counter, _constant(stream))
    return ops.concatenate([first, second], axis=1)[:, :count]


def normal_field(keys, height, width, channels):
    """Standard normal noise, one field for each of the keys (B, 2).

    Box and Muller's transform of two uniform words (Annals of Mathematical
    Statistics 29, 1958). Shape (B, height, width, channels), float32.
    """
    count = height * width * channels
    pairs = (count + 1) // 2
    counter = ops.cast(ops.arange(pairs, dtype="int32"), "uint32")
    first, second = threefry_2x32(keys[:, None, :], counter, _constant(1))
    # 1 - u lies in (0, 1], so the logarithm is finite.
    radius = ops.sqrt(-2.0 * ops.log(1.0 - _unit(first)))
    angle = 2.0 * math.pi * _unit(second)
    values = ops.concatenate([radius * ops.cos(angle), radius * ops.sin(angle)], axis=1)
    return ops.reshape(values[:, :count], (-1, height, width, channels))


class Draws:
    """The random numbers of one layer: one draw a method call, one number a sample.

    Numbers come in blocks, so that a layer costs one pass of the generator.

    Args:
        keys: (B, 2), one key a sample.
    """

    _BLOCK = 8

    def __init__(self, keys):
        self._keys = keys
        self._block: Any = None
        self._used = 0

    def _next(self):
        stream = 2 + self._used // self._BLOCK
        column = self._used % self._BLOCK
        if column == 0:
            block = words(self._keys, self._BLOCK, stream)
            # Else the compiler would put the whole generator into the loop over the pixels.
            self._block = materialised([block[:, i] for i in range(self._BLOCK)])
        self._used += 1
        return self._block[column]

    def uniform(self, low=0.0, high=1.0):
        """(B,) float32, uniform in [low, high)."""
        return low + (high - low) * _unit(self._next())

    def bernoulli(self, probability):
        """(B,) bool, true with the given probability (exactly never at 0, always at 1)."""
        return _unit(self._next()) < probability

    def sign(self):
        """(B,) float32, -1 or 1."""
        return 2.0 * ops.cast(self.bernoulli(0.5), "float32") - 1.0

    def integer(self, count):
        """(B,) int32, uniform in 0 .. count - 1 (count below 2**16)."""
        return ops.cast(ops.floor(_unit(self._next()) * count), "int32")

    def uniform_grid(self, height, width, low, high):
        """(B, height, width) float32, uniform in [low, high)."""
        drawn = _unit(words(self.key(), height * width, 1))
        return low + (high - low) * ops.reshape(drawn, (-1, height, width))

    def key(self):
        """(B, 2), a fresh key a sample, for a layer that makes its own field."""
        return ops.stack([self._next(), self._next()], axis=-1)
