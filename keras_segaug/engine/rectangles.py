"""Random rectangles of whole pixels, and the noise that they may be filled with."""

import math
from typing import Any

from keras_segaug.core import random
from keras_segaug.core.backend import ops
from keras_segaug.engine.operations import Boxes
from keras_segaug.kernels.values import Value
from keras_segaug.kernels.windows import offset, rounded


def drawn(draws, scale, ratio, count):
    """Random numbers for `boxes`, (B, count) each.

    Args:
        draws: `random.Draws`.
        scale: (lower, upper), the share of the image's area, drawn uniformly.
        ratio: (lower, upper), width by height, drawn log-uniformly.
        count: how many in each sample.
    """
    lower, upper = (math.log(bound) for bound in ratio)
    ranges = {"area": scale, "aspect": (lower, upper), "top": (0, 1), "left": (0, 1)}
    return {
        name: ops.stack([draws.uniform(*ends) for _ in range(count)], axis=1)
        for name, ends in ranges.items()
    }


def boxes(parameters, size):
    """The `Boxes` inside images of this size; a side longer than the image is cut to it."""
    height, width = size
    area = parameters["area"] * ops.cast(height * width, "float32")
    aspect = ops.exp(parameters["aspect"])
    lengths = _side(ops.sqrt(area / aspect), height), _side(ops.sqrt(area * aspect), width)
    triples = zip(("top", "left"), (height, width), lengths, strict=True)
    return Boxes(tuple(offset(parameters[name], n, side) for name, n, side in triples), lengths)


def _side(length, size):
    # No area means no rectangle, not one of a single pixel.
    length = ops.where(length > 0.0, rounded(length), 0.0)
    return ops.minimum(length, ops.cast(size, "float32"))


class Noise(Value):
    """Uniform noise, a number for each pixel and channel, between the ends of a value range."""

    keys: Any
    value_range: tuple

    def like(self, images):
        low, high = self.value_range
        return low + (high - low) * random.uniform_field(self.keys, *ops.shape(images)[1:])


def filled(images, held, fill_value, parameters):
    """Images (B, H, W, C) with a number, or with noise, where `held` (B, H, W) is true."""
    if fill_value == "noise":
        fill_value = Noise(parameters["noise"], parameters["value_range"]).like(images)
    return ops.where(held[..., None], fill_value, images)
