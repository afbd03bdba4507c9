"""New values from old ones: inverted, posterized, solarized, gray, stretched.

Images are float32 (B, H, W, C), amounts (B, 1, 1, 1), a value range (lowest, highest).
"""

from keras_segaug.core.backend import ops
from keras_segaug.kernels.color import clip

# Red, green and blue of the luma of ITU-R BT.601.
_LUMA = (0.299, 0.587, 0.114)
# Two float32 that differ by less, as a share of their size, may be one number, computed twice.
_APART = 1e-6
# The least that may be divided by without an infinite gradient.
_LEAST_DIVISOR = 1e-30


def mix(images, result, strength, value_range):
    """From the images, at a strength of 0, to the result, at 1; exact at both ends."""
    return clip((1.0 - strength) * images + strength * result, value_range)


def straight_through(images, result):
    """The result, but with the gradients of the images, since those of steps are 0 everywhere.

    Bengio, Leonard and Courville, "Estimating or Propagating Gradients Through Stochastic Neurons
    for Conditional Computation" (arXiv 1308.3432). Where images are NaN, so is the result.
    """
    return images + ops.stop_gradient(result - images)


def scale_brightness(images, delta, value_range):
    """Multiplies the distance from the lowest value by 1 + `delta`."""
    return clip(images + (images - value_range[0]) * delta, value_range)


def invert(images, value_range):
    low, high = value_range
    return (low + high) - images


def posterize(images, bits, value_range):
    """Keeps the highest bits (int32) of the 8 that the value range is divided into.

    As `PIL.ImageOps.posterize`: each step takes the lowest of its levels. 8 bits change nothing.
    """
    low, high = value_range
    steps = ops.cast(ops.left_shift(ops.ones_like(bits), bits), "float32")
    # In levels, of 255, a step begins at i * 256 / steps. Here it begins at i * 255 / steps:
    # before that level, and after the one below. So no level is at an edge.
    step = ops.floor((images - low) * (steps / (high - low)))
    step = ops.clip(step, 0.0, steps - 1.0)
    result = low + step * (256.0 / steps * ((high - low) / 255.0))
    return clip(straight_through(images, ops.where(bits < 8, result, images)), value_range)


def solarize(images, threshold, value_range):
    """Inverts values from a threshold on, a share of the value range; 1 inverts nothing."""
    low, high = value_range
    kept = (images < low + threshold * (high - low)) | (threshold >= 1.0)
    return clip(ops.where(kept, images, invert(images, value_range)), value_range)


def luma(channels):
    """How bright the pixels of red, green and blue channels are, by ITU-R BT.601."""
    return sum(weight * channel for weight, channel in zip(_LUMA, channels, strict=True))


def stretch(images, ends, value_range):
    """Maps two values, (B, 1, 1, C) each, to the ends of the value range.

    Where the two are equal, as in a flat image, values are only clipped.
    """
    (low, high), (lowest, highest) = value_range, ends
    size = ops.maximum(ops.abs(lowest), ops.abs(highest))
    apart = highest - lowest > ops.maximum(_APART * size, _LEAST_DIVISOR)
    share = (images - lowest) / ops.where(apart, highest - lowest, 1.0)
    return clip(ops.where(apart, low + share * (high - low), images), value_range)
