from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import channel_orders
from keras_segaug.kernels.color import adjust_brightness


class ImageOnlyChannelShift(ImageOnlyLayer):
    """Adds a random amount to each channel of the image; the mask is untouched.

    Like `ImageDataGenerator(channel_shift_range=...)` of Keras 2, but each channel of each sample
    has its own amount, for any number of channels.

    Args:
        factor: a float or a pair (lower, upper) in [-1, 1], in fractions of the value range. A
            float `f` means (-f, f). 0 changes nothing.
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> shift = keras_segaug.ImageOnlyChannelShift(0.1)
    >>> images, masks = shift(np.zeros((2, 8, 8, 4), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(self, factor: Range = 0.1, value_range: ValueRange = None, **kwargs: Any) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.signed_range(self, "factor", factor)

    def draw(self, draws):
        low, high = self.factor
        # The number of channels is not known here, so the bounds are parameters as well.
        return {
            "shift_key": draws.key(),
            "lowest": draws.uniform(low, low),
            "span": draws.uniform(high - low, high - low),
        }

    def transform_pixels(self, channels, parameters):
        numbers = channel_orders.numbers(parameters["shift_key"], len(channels))
        shifts = [parameters["lowest"] + parameters["span"] * number for number in numbers]
        return [
            adjust_brightness(channel, shift, parameters["value_range"])
            for channel, shift in zip(channels, shifts, strict=True)
        ]
