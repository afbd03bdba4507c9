"""Color arithmetic on float32 images (B, H, W, C), or on a list of red, green and blue.

Amounts are (B, 1, 1, 1).
"""

from keras_segaug.core.backend import name, ops
from keras_segaug.kernels.matrices import as_float
from keras_segaug.kernels.xla_cpu.blocks import column_sums

# Colors that are less apart, as a share of the value range, are gray.
_GRAY = 1e-8
# The smallest float32 whose reciprocal is finite.
_LEAST_NORMAL = 2.0**-126


def clip(images, value_range):
    """The nearest values within the range; NaN stays NaN.

    By comparisons: the minimum of XLA on a CPU may return the other number instead of NaN.
    """
    low, high = value_range
    if name() == "torch":
        # On torch this keeps NaN, and comparisons would take longer than everything else.
        return ops.clip(images, low, high)
    images = ops.where(images < low, low, images)
    return ops.where(images > high, high, images)


def _clip_own(images, value_range):
    """As `clip`, for images that nothing else uses, which torch may overwrite."""
    return images.clamp_(*value_range) if name() == "torch" else clip(images, value_range)


def within(images, bounds):
    """Keeps means of values within their bounds, if any: rounding could carry them outside."""
    return images if bounds is None else clip(images, bounds)


def adjust_brightness(images, delta, value_range):
    """Adds `delta` times the value range."""
    return _clip_own(images + delta * (value_range[1] - value_range[0]), value_range)


def adjust_contrast(images, factor, mean, value_range):
    """Stretches about each channel's own mean."""
    if name() == "torch":
        # One pass less; a factor of 1 is exact here, too.
        images = images * factor
        images += mean - mean * factor
        return _clip_own(images, value_range)
    return clip((images - mean) * factor + mean, value_range)


def channel_means(images, gaps=False):
    """(B, H, W, C) -> (B, 1, 1, C). With gaps, only of the values that are not NaN."""
    if not gaps:
        return _channel_sums(images) / as_float(ops.shape(images)[1] * ops.shape(images)[2])
    values, held = without_gaps(images)
    return _channel_sums(values) / ops.maximum(_channel_sums(held), 1.0)


def without_gaps(images):
    """The images with 0 in place of NaN; 1.0 where there is a value, 0.0 where there is none."""
    empty = ops.isnan(images)
    return ops.where(empty, 0.0, images), ops.where(empty, 0.0, 1.0)


def moments(images, gaps=False):
    """Mean and variance of each image (B, H, W, C), NaN left out: (B, 1, 1, 1) each."""
    pixels = {"axis": (1, 2, 3), "keepdims": True}
    if not gaps:
        return ops.mean(images, **pixels), ops.var(images, **pixels)
    values, held = without_gaps(images)
    count = ops.maximum(ops.sum(held, **pixels), 1.0)
    mean = ops.sum(values, **pixels) / count
    return mean, ops.sum(held * ops.square(values - mean), **pixels) / count


def _channel_sums(images):
    """(B, H, W, C) -> (B, 1, 1, C)."""
    if name() == "torch":
        return ops.sum(images, axis=(1, 2), keepdims=True)
    batch, height, width, channels = ops.shape(images)
    columns = column_sums(ops.reshape(images, (batch, height, width * channels)))
    total = ops.sum(ops.reshape(columns, (batch, width, channels)), axis=1)
    return ops.reshape(total, (batch, 1, 1, channels))


def adjust_saturation(channels, multiplier, value_range, gaps=False):
    """Multiplies the S of HSV, up to full saturation; H and V stay.

    With gaps, a pixel with NaN in one channel gets NaN in all.

    With V = max and S = (max - min) / max, a channel c of the result is
    V - (V - c) * m, so the other two coordinates need not be computed.
    """
    highest, lowest = _extremes(channels, gaps)
    least = _GRAY * (value_range[1] - value_range[0])
    most = (highest - value_range[0]) / ops.maximum(highest - lowest, least)
    multiplier = ops.minimum(multiplier, most)
    return [clip(highest - (highest - each) * multiplier, value_range) for each in channels]


def adjust_hue(channels, shift, value_range, gaps=False):
    """Turns the H of HSV by `shift`, in fractions of the hue circle; S and V stay.

    With gaps, a pixel with NaN in one channel gets NaN in all.

    The hexagon of Smith, "Color gamut transform pairs", SIGGRAPH 1978: a channel is
    V - chroma * ramp(its distance from the hue on the circle of six sectors).
    """
    red, green, blue = channels
    highest, lowest = _extremes(channels, gaps)
    chroma = highest - lowest
    # Not `highest == red`: compiled, the two may be rounded differently.
    sector = ops.where(
        (red >= green) & (red >= blue),
        green - blue,
        ops.where(green >= blue, blue - red + 2.0 * chroma, red - green + 4.0 * chroma),
    )
    least = _GRAY * (value_range[1] - value_range[0])
    hue = sector / ops.maximum(chroma, least) + 6.0 * shift
    result = []
    for opposite in (3.0, 5.0, 1.0):  # of red, green and blue, where the ramp is highest
        distance = hue - opposite
        distance = ops.abs(distance - 6.0 * ops.round(distance * (1.0 / 6.0)))
        ramp = ops.clip(2.0 - distance, 0.0, 1.0)
        result.append(clip(highest - chroma * ramp, value_range))
    return result


def _extremes(channels, gaps):
    red, green, blue = channels
    highest = ops.maximum(ops.maximum(red, green), blue)
    if gaps:
        # See `clip`.
        total = red + green + blue
        highest = ops.where(ops.isnan(total), total, highest)
    return highest, ops.minimum(ops.minimum(red, green), blue)


def adjust_gamma(images, gamma, value_range):
    """Raises images, scaled to [0, 1], to the power `gamma`."""
    low, span = value_range[0], value_range[1] - value_range[0]
    unit = clip((images - low) / span, (0.0, 1.0))
    # Not `unit**gamma`, which XLA computes one number at a time on a CPU. The logarithm of 0 has
    # no gradient, and NaN must not become 0.
    black = unit < _LEAST_NORMAL
    power = ops.exp(gamma * ops.log(ops.where(black, 1.0, unit)))
    return ops.where(black, 0.0, power) * span + low


def saturation_multiplier(factor):
    """Keras' saturation factor in [0, 1], 0.5 being no change, as a multiplier of S."""
    return factor / ops.maximum(1.0 - factor, 1e-6)
