"""Keys and draws: the only source of randomness in the package.

Random numbers are functions of a key and a counter (`threefry`). A key is two 32-bit words; the
same key gives the same bits on every backend, eager, compiled and in `tf.data`.
"""

import copy
import hashlib
import numbers
from typing import Any

import numpy as np

from keras_segaug.core import backend, shards_backend, threefry, variates
from keras_segaug.core.backend import ops
from keras_segaug.core.threefry import unit
from keras_segaug.core.types import Tensor
from keras_segaug.kernels.xla_cpu.blocks import computed_once
from keras_segaug.kernels.xla_cpu.pairs import cosine_and_sine, interleaved

_WORD = 0xFFFFFFFF
# A normal number made of 24 random bits is below 5.8, so 4096 times that fits into 16 bits.
_STEPS = 4096.0
# The second counter word separates derived keys from drawn numbers.
_FOLD_STREAM = _WORD
# Streams of a key: 0 decides whether a layer acts, 1 fills fields, 2 and up give single numbers.
_GATE_STREAM = 0
# Change it when the same seed is to draw different numbers than before.
_VERSION = 1


def key(seed: int, counter: int = 0) -> Tensor:
    """The key of one call.

    Args:
        seed: integer; taken modulo 2**32.
        counter: integer, the number of the call; taken modulo 2**32.

    Returns:
        A tensor of shape (2,), dtype uint32 (int64 on the torch backend).
    """
    # Integers of numpy may have fewer bits than a word.
    words = [int(x) if isinstance(x, numbers.Integral) else x for x in (seed, counter)]
    return ops.convert_to_tensor([word & _WORD for word in words], dtype="uint32")


def fold_in(keys: Tensor, index: Any) -> Tensor:
    """New keys, independent of those they come from and of each other.

    Args:
        keys: uint32 (..., 2), as `key` gives them.
        index: an integer from -2**31 to 2**32 - 1, or such an array or tensor (...): each value
            gives different keys. (Of a tensor with 64 bits, the low 32 are used.)

    Returns:
        Keys (..., 2), a numpy array where `keys` is one.

    Raises:
        TypeError: for numbers that are no integers.
        ValueError: for integers and arrays of numbers with more than 32 bits.
    """
    _check_index(index)
    words = threefry.on_host(keys)
    counter = threefry.as_words(index, words)
    pair = threefry.threefry_2x32(words, counter, threefry.as_words(_FOLD_STREAM, words))
    found = threefry.library(words).stack(pair, axis=-1)
    return found if isinstance(keys, np.ndarray) else threefry.as_tensor(found)


def _check_index(index):
    """Refuses what would give different numbers the same keys."""
    # Integers of Python may be too large for any dtype of numpy.
    known = np.array(int(index), object) if isinstance(index, numbers.Integral) else index
    if isinstance(known, (float, list, tuple)):
        known = np.asarray(known)
    if "float" in str(getattr(known, "dtype", "")):
        raise TypeError(f"fold_in: `index` must be integers. Received: index={index!r}.")
    if not isinstance(known, np.ndarray) or not known.size:
        return
    if not -(1 << 31) <= known.min() <= known.max() <= _WORD:
        raise ValueError(
            "fold_in: `index` must be from -2**31 to 2**32 - 1. Received: "
            f"index={index!r}. Fold in the high and the low 32 bits of larger numbers one after "
            "the other: fold_in(fold_in(keys, n >> 32), n & 0xFFFFFFFF)."
        )


def for_tree(keys, names):
    """Keys (..., 2) for a tree of layers, given as text: different trees get independent ones."""
    digest = hashlib.blake2s(f"{_VERSION}:{names}".encode(), digest_size=4).digest()
    return fold_in(keys, int.from_bytes(digest, "little"))


def words(keys, count, stream):
    """`count` random words for each of the keys (B, 2), shape (B, count)."""
    found = threefry.pairs(keys, (count + 1) // 2, stream)
    return threefry.library(keys).concatenate(found, axis=1)[:, :count]


def normal_field(keys, height, width, channels):
    """Standard normal noise in steps of 1/4096, one field for each of the keys (B, 2).

    Box and Muller's transform of two uniform words (Annals of Mathematical
    Statistics 29, 1958). Shape (B, height, width, channels), float32.
    """
    count = height * width * channels
    pairs = (count + 1) // 2

    def pairs_of(keys):
        first, second = threefry.pairs(keys, pairs, 1)
        # 1 - u lies in (0, 1], so the logarithm is finite.
        radius = ops.sqrt(-2.0 * ops.log(1.0 - unit(first))) * _STEPS
        cosine, sine = cosine_and_sine(unit(second))
        return radius * cosine, radius * sine

    values = interleaved(pairs_of, keys, pairs) * (1.0 / _STEPS)
    return ops.reshape(values[:, :count], (-1, height, width, channels))


def uniform_field(keys, height, width, channels):
    """Noise in [0, 1), a field (height, width, channels) for each of the keys (B, 2)."""
    values = unit(words(keys, height * width * channels, 1))
    return ops.reshape(values, (-1, height, width, channels))


class _Family:
    """The keys of N layers, and what has been drawn from them for each sample.

    Args:
        keys: (N, 2), into which the index of each sample is folded; or (B, N, 2), one for each.
        count: the number of samples B.
    """

    def __init__(self, keys, count):
        self.keys = keys
        self.count = count
        self._blocks = {}
        self._units = {}
        self._of_samples = None

    def of_samples(self):
        """The keys of every sample, (B, N, 2)."""
        if self._of_samples is None:
            self._of_samples = self.keys
            if len(self.keys.shape) == 2:
                samples = threefry.counted(self.count, self.keys)
                if shards_backend.is_inside():
                    samples = samples + ops.cast(shards_backend.first_sample(), "uint32")
                self._of_samples = fold_in(self.keys[None], samples[:, None])
        return self._of_samples

    def block(self, stream, count):
        """(B, N, count) words."""
        if stream not in self._blocks:
            keys = self.of_samples()
            library = threefry.library(keys)
            batch, layers = library.shape(keys)[:2]
            drawn = words(library.reshape(keys, (-1, 2)), count, stream)
            self._blocks[stream] = library.reshape(drawn, (batch, layers, count))
        return self._blocks[stream]

    def unit(self, stream, count, layer, column):
        """(B,) numbers in [0, 1), from one column of a block's words."""
        block = self.block(stream, count)
        if not isinstance(block, np.ndarray):
            return unit(block[:, layer, column])
        # An accelerator gets the whole block at once.
        if stream not in self._units:
            self._units[stream] = unit(block)
        return self._units[stream][:, layer, column]


class Draws:
    """The random numbers of one layer: each method call draws one number for each sample.

    A layer's key comes from the key of the call and the layer's place in the tree of layers. A
    sample's key comes from the layer's key and the sample's index. Numbers are drawn in blocks,
    for all layers of a composition together, so that all of them cost one pass of the generator.

    Args:
        key: (2,), for all samples, or (B, 2), one for each.
        count: the number of samples.
        real: how many samples, from the first, are real; the rest only pad a batch. None: all.
    """

    _BLOCK = 8

    def __init__(self, key: Tensor, count: int | None = None, real: Any = None) -> None:
        key = threefry.on_host(key, from_accelerator=True)
        self._family = _Family(key[..., None, :], count)
        self._real = real
        # {`moving.Moving`: tensor} of the arguments that a schedule moves.
        self.moving: dict = {}
        self._place = 0
        self._used = 0

    def children(self, count: int) -> list["Draws"]:
        """One `Draws` for each of `count` layers, each with its own key."""
        keys = self._family.keys[..., self._place, None, :]
        family = _Family(fold_in(keys, threefry.counted(count, keys)), self._family.count)
        children = []
        for place in range(count):
            child = copy.copy(self)
            child._family, child._place, child._used = family, place, 0
            children.append(child)
        return children

    def _next(self):
        """Where the next number lies: the stream, how many it has, the layer, the column."""
        stream, column = divmod(self._used, self._BLOCK)
        self._used += 1
        return stream + 2, self._BLOCK, self._place, column

    def _unit(self):
        return self._family.unit(*self._next())

    def _word(self):
        stream, count, layer, column = self._next()
        return self._family.block(stream, count)[:, layer, column]

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Tensor:
        """(B,) float32, uniform in [low, high)."""
        return low + (high - low) * self._unit()

    def bernoulli(self, probability: float) -> Tensor:
        """(B,) bool, true with the given probability (exactly never at 0, always at 1)."""
        return self._unit() < probability

    def gate(self, probability: float) -> Tensor:
        """As `bernoulli`, from a stream of its own: no other draw depends on whether it is made."""
        return self._family.unit(_GATE_STREAM, 1, self._place, 0) < probability

    def sign(self) -> Tensor:
        """(B,) float32, -1 or 1."""
        return 2.0 * ops.cast(self.bernoulli(0.5), "float32") - 1.0

    def integer(self, count: int) -> Tensor:
        """(B,) int32, uniform in 0 .. count - 1 (count below 2**16)."""
        return ops.cast(ops.floor(self._unit() * count), "int32")

    def beta(self, alpha: float) -> Tensor:
        """(B,) float32, from the beta distribution whose two parameters are both alpha."""
        return variates.beta([variates.log_gamma(self.uniform, alpha) for _ in range(2)])

    def partners(self, count: int = 1, across_shards: bool = False) -> list[Tensor]:
        """For each sample, others of its batch: `count` tensors (B,) of int32, their numbers.

        The samples are put into a random circle. The first partner of a sample is the next one in
        it, the second partner the one after that, and so on. So each sample is the first partner
        of exactly one other sample, and never its own, unless it is alone.

        Args:
            count: how many partners each sample gets.
            across_shards: may they come from another shard, where Keras' `distribution` splits
                the batch among several devices?
        """
        number = self._unit()
        alone = across_shards or shards_backend.is_inside()
        shards = 1 if alone else backend.batch_shards()
        # Computed once: XLA would otherwise compare all samples again for every pixel.
        return computed_once(variates.circle)(number, count, self._real, shards)

    def uniform_grid(self, height: int, width: int, low: float, high: float) -> Tensor:
        """(B, height, width) float32, uniform in [low, high)."""
        drawn = unit(words(self._key(), height * width, 1))
        return low + (high - low) * ops.reshape(drawn, (-1, height, width))

    def key(self) -> Tensor:
        """(B, 2), a fresh key for each sample, for a layer that makes its own field."""
        return threefry.as_tensor(self._key())

    def _key(self):
        found = [self._word(), self._word()]
        return threefry.library(found[0]).stack(found, axis=-1)
