"""Values that depend on the epoch, for `AugmentationSchedule`."""

import math
from collections.abc import Sequence

from keras_segaug import checks

Level = float | Sequence[float]


class _Ramp:
    """Goes from one value, in epoch 0, to another one, kept from epoch `epochs` on."""

    def __init__(self, start: Level, end: Level, epochs: int) -> None:
        self.start, self.end = (self._level(*pair) for pair in (("start", start), ("end", end)))
        if isinstance(self.start, tuple) != isinstance(self.end, tuple):
            accepted = "a number as `start` is one, or a pair of numbers as it is one"
            checks.fail(self, "end", accepted, end)
        self.epochs = checks.positive_integer(self, "epochs", epochs)

    def _level(self, argument, value):
        if isinstance(value, (tuple, list)) and len(value) == 2:
            return tuple(checks.number(self, argument, each) for each in value)
        return checks.number(self, argument, value)

    def _share(self, part):
        """The share of the way covered after a share of the epochs, both from 0 to 1."""
        raise NotImplementedError

    def __call__(self, epoch: int) -> Level:
        share = self._share(min(max(epoch / self.epochs, 0.0), 1.0))
        if isinstance(self.start, tuple) and isinstance(self.end, tuple):
            pairs = zip(self.start, self.end, strict=True)
            return tuple((1.0 - share) * first + share * last for first, last in pairs)
        return (1.0 - share) * self.start + share * self.end

    def __repr__(self):
        return f"{type(self).__name__}({self.start!r}, {self.end!r}, epochs={self.epochs})"


class LinearSchedule(_Ramp):
    """Goes in a straight line from one value to another, and stays there.

    Args:
        start: the value in epoch 0: a number, or a pair (lower, upper).
        end: the value from epoch `epochs` on, a number or a pair like `start`.
        epochs: integer of at least 1, how many epochs the change takes.

    Example:

    >>> ramp = keras_segaug.LinearSchedule(0.0, 0.8, epochs=4)
    >>> [round(ramp(epoch), 2) for epoch in range(6)]
    [0.0, 0.2, 0.4, 0.6, 0.8, 0.8]
    """

    def _share(self, part):
        return part


class CosineSchedule(_Ramp):
    """Goes from one value to another along half a cosine, slowly at both ends, and stays there.

    The share of the way after the part `t` of the epochs is (1 - cos(pi t)) / 2 (Loshchilov and
    Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, without restarts).

    Args:
        start: the value in epoch 0: a number, or a pair (lower, upper).
        end: the value from epoch `epochs` on, a number or a pair like `start`.
        epochs: integer of at least 1, how many epochs the change takes.

    Example:

    >>> ramp = keras_segaug.CosineSchedule((0.0, 0.0), (-0.1, 0.2), epochs=2)
    >>> [tuple(round(end, 3) for end in ramp(epoch)) for epoch in range(4)]
    [(0.0, 0.0), (-0.05, 0.1), (-0.1, 0.2), (-0.1, 0.2)]
    """

    def _share(self, part):
        return 0.5 - 0.5 * math.cos(math.pi * part)
