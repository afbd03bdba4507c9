"""The color arithmetic of `ImageDataGenerator`; none of it touches the mask."""

import math

import numpy as np

from keras_segaug import checks
from keras_segaug.core import value_ranges
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.kernels.products import matmul
from keras_segaug.kernels.values import replace

_PIXELS = (1, 2, 3)


class LegacyChannelShift(ImageOnlyLayer):
    """Adds one amount to all channels, and clips to the image's own lowest and highest value.

    Args:
        intensity: in gray levels; the amount is uniform in (-intensity, intensity).
        **kwargs: see `AugmentationLayer`.
    """

    def __init__(self, intensity, **kwargs):
        super().__init__(**kwargs)
        self.intensity = checks.number(self, "intensity", intensity)

    def draw(self, draws):
        return {"amount": draws.uniform(-self.intensity, self.intensity)}

    def transform_images(self, images, parameters):
        lowest = ops.min(images, axis=_PIXELS, keepdims=True)
        highest = ops.max(images, axis=_PIXELS, keepdims=True)
        return ops.minimum(ops.maximum(images + parameters["amount"], lowest), highest)


class LegacyBrightness(ImageOnlyLayer):
    """Multiplies the image, as Pillow's `ImageEnhance.Brightness` does: in whole gray levels.

    Levels are rounded down before and after, and clipped to 0 .. 255. An image that leaves the
    value range is first stretched to it, and shrunk back afterwards.

    Args:
        factor: a pair (lower, upper) of at least 0; the multiplier is uniform between them.
        value_range: the (lowest, highest) value of images, which 256 gray levels share.
        **kwargs: see `AugmentationLayer`.
    """

    def __init__(self, factor, value_range=(0, 255), **kwargs):
        super().__init__(**kwargs)
        self.factor = checks.bounds(self, "factor", factor, 0.0, math.inf)
        self.value_range = checks.value_range(self, value_range)

    def draw(self, draws):
        return {"factor": draws.uniform(*self.factor)}

    def transform_images(self, images, parameters):
        lowest = ops.min(images, axis=_PIXELS, keepdims=True)
        highest = ops.max(images, axis=_PIXELS, keepdims=True)
        leaves = (lowest < self.value_range[0]) | (highest > self.value_range[1])
        low = ops.where(leaves, lowest, self.value_range[0])
        # The width of a gray level.
        level = (ops.where(leaves, highest, self.value_range[1]) - low) / 255.0
        level = ops.where(level == 0.0, 1.0, level)
        # A whole level must not be lost to the rounding of a division.
        levels = ops.floor((images - low) / level + 1e-3)
        levels = ops.floor(ops.clip(levels * parameters["factor"], 0.0, 255.0))
        return levels * level + low


class LegacyCentring(ImageOnlyLayer):
    """Subtracts each image's own mean, over all its pixels and channels.

    Args:
        **kwargs: see `AugmentationLayer`.
    """

    random = False

    def output_spec(self, spec):
        return replace(
            spec, value_range=value_ranges.Unknown("each image is centered by itself before it")
        )

    def transform_images(self, images, parameters):
        return images - ops.mean(images, axis=_PIXELS, keepdims=True)


class LegacyWhitening(ImageOnlyLayer):
    """Multiplies the image, as one row of numbers, with a square matrix: ZCA whitening.

    Args:
        matrix: (N, N), where N is height times width times channels. It is written into the
            config, which grows with the square of N.
        **kwargs: see `AugmentationLayer`.
    """

    random = False

    def __init__(self, matrix, **kwargs):
        super().__init__(**kwargs)
        matrix = np.asarray(matrix, "float32")
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            checks.fail(self, "matrix", "a square matrix", matrix.shape)
        self.matrix = matrix

    def output_spec(self, spec):
        return replace(spec, value_range=value_ranges.Unknown("images are whitened before it"))

    def transform_images(self, images, parameters):
        known = None not in images.shape[1:]
        if known and math.prod(images.shape[1:]) != len(self.matrix):
            raise ValueError(
                f"{type(self).__name__}: images must have the size the statistics were computed "
                f"on, {len(self.matrix)} numbers. Received shape {tuple(images.shape[1:])}."
            )
        matrix = ops.convert_to_tensor(self.matrix, dtype="float32")
        rows = matmul(ops.reshape(images, (-1, len(self.matrix))), matrix)
        return ops.reshape(rows, ops.shape(images))
