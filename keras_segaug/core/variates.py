"""Made from uniform numbers: numbers of other distributions, an order of samples."""

import functools
import math

from keras_segaug.core.backend import ops

# The chance that all of so many tries are rejected is one in ten million.
_TRIES = 6


def log_gamma(uniform, shape):
    """The logarithm of numbers (B,) from the gamma distribution.

    Marsaglia and Tsang, "A simple method for generating gamma variables" (ACM TOMS 26, 2000), for
    shape + 1, where at least 95 % of the tries are accepted; then back to the shape by the power of
    a uniform number that the paper gives. In logarithms, where nothing underflows.

    Args:
        uniform: a function that draws (B,) numbers in [0, 1).
        shape: a number above 0.

    Returns:
        (B, 16), each number 16 times: see `_in_lanes`.
    """
    d = shape + 1.0 - 1.0 / 3.0

    def drawn():
        return _in_lanes(uniform())

    result = 0.0
    for _ in range(_TRIES):
        radius = ops.sqrt(-2.0 * ops.log(1.0 - drawn()))
        normal = radius * ops.cos(2.0 * math.pi * drawn())
        cube = (1.0 + normal / math.sqrt(9.0 * d)) ** 3
        logarithm = ops.log(ops.maximum(cube, 1e-30))
        bound = 0.5 * normal**2 + d * (1.0 - cube + logarithm)
        accepted = (cube > 0.0) & (ops.log(1.0 - drawn()) < bound)
        result = ops.where(accepted, logarithm, result)
    return math.log(d) + result + ops.log(1.0 - drawn()) / shape


def _in_lanes(numbers):
    """Numbers (B,), each 16 times: (B, 16).

    A processor computes logarithms of up to 16 numbers at once, and those of the numbers that are
    left over by other instructions, with a different last digit. Without this, what a sample draws
    would depend on how many other samples there are.
    """
    return numbers[:, None] + ops.zeros((1, 16), "float32")


def beta(logarithms):
    """(B,) float32, from two gamma variables, given as their logarithms in lanes."""
    first, second = logarithms
    return ops.sigmoid(first - second)[:, 0]


def shares(logarithms):
    """(B, N) float32 whose sum is 1, from numbers given as their logarithms in lanes.

    From gamma variables of one shape they are a Dirichlet variable.
    """
    largest = functools.reduce(ops.maximum, logarithms)
    parts = [ops.exp(each - largest) for each in logarithms]
    total = sum(parts)
    return ops.stack([(each / total)[:, 0] for each in parts], axis=1)


def circle(number, count, real, shards):
    """The next `count` samples of each in a random circle: a list of int32 (B,).

    Args:
        number: (B,), which gives the order; equal numbers keep the order of the batch.
        count: how many.
        real: how many samples, from the first, are in the circle. None: all. Others are alone.
        shards: how many circles the samples are split among.
    """
    batch = ops.shape(number)[0]
    place = ops.arange(batch, dtype="int32")
    there = place < (batch if real is None else real)
    shard = place // ops.maximum(batch // shards, 1)
    met = (shard[None] == shard[:, None]) & there[None]
    equal = (number[None] == number[:, None]) & (place[None] < place[:, None])
    before = met & ((number[None] < number[:, None]) | equal)
    rank = ops.sum(ops.cast(before, "int32"), axis=1)
    size = ops.maximum(ops.sum(ops.cast(met, "int32"), axis=1), 1)
    partners = []
    for step in range(1, count + 1):
        # Compared rather than sorted: a batch is small, and all backends compare alike. The one
        # number wanted is found by a sum, since a batch without samples has no maximum.
        wanted = met & (rank[None] == ((rank + step) % size)[:, None])
        found = ops.sum(ops.where(wanted, place[None], 0), axis=1)
        partners.append(ops.where(there, found, place))
    return partners


def choices(uniform, weights, count):
    """One of several things, `count` times: int32 (B, count), each as likely as its weight.

    The numbers of the second time continue after those of the first, and so on.
    """
    found = []
    for turn in range(count):
        number, below = uniform() * sum(weights), 0.0
        chosen = ops.zeros_like(number, dtype="int32")
        for weight in weights[:-1]:
            below += weight
            chosen = chosen + ops.cast(number >= below, "int32")
        found.append(chosen + turn * len(weights))
    return ops.stack(found, axis=1)


def order(uniform, weights, count):
    """The first `count` of several things in a random order: int32 (B, count), none twice.

    Each time, one of those that are left is next, each as likely as its weight (Efraimidis and
    Spirakis, "Weighted random sampling with a reservoir", 2006).
    """
    times = [
        -ops.log(1.0 - uniform()) / weight if weight > 0.0 else uniform() + 1e30
        for weight in weights
    ]
    ranks = []
    for number, time in enumerate(times):
        before = [
            ops.cast((other <= time) if place < number else (other < time), "int32")
            for place, other in enumerate(times)
            if place != number
        ]
        ranks.append(sum(before) if before else ops.zeros_like(time, dtype="int32"))
    places = [
        sum(number * ops.cast(rank == place, "int32") for number, rank in enumerate(ranks))
        for place in range(count)
    ]
    return ops.stack(places, axis=1)


def first(turns, count):
    """The first `count`, a number or (B,), of numbers (B, N); -1 in place of the others."""
    if isinstance(count, int):
        count = ops.full_like(turns[:, 0], count)
    place = ops.arange(turns.shape[1], dtype="int32")
    return ops.where(place[None] < count[:, None], turns, -1)
