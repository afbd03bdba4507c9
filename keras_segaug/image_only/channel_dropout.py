from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core import value_ranges
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import ValueRange
from keras_segaug.kernels import channel_orders


class ImageOnlyChannelDropout(ImageOnlyLayer):
    """Overwrites random channels of the image; the mask is untouched.

    Every channel is equally likely to be overwritten, separately for each sample, but one always
    stays: images of a single channel stay as they are. NaN in float images stays NaN.

    Args:
        count: an integer or a pair (lower, upper) of them, of at least 0: how many channels to
            overwrite, drawn for each sample. An integer `n` means (n, n).
        fill_value: what to write, within the value range. None: its lowest value.
        value_range: the (lowest, highest) value of images. None: see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Raises:
        ValueError: where the fill value is outside of the value range.

    Example:

    >>> dropout = keras_segaug.ImageOnlyChannelDropout(count=(0, 2))
    >>> images, masks = dropout(np.ones((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(
        self,
        *,
        count: int | Sequence[int] = 1,
        fill_value: float | None = None,
        value_range: ValueRange = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.count = checks.integer_range(self, "count", count, 0)
        self.fill_value = fill_value
        if fill_value is not None:
            self.fill_value = checks.number(self, "fill_value", fill_value)

    def draw(self, draws):
        lower, upper = self.count
        count = lower + draws.integer(upper - lower + 1)
        return {"count": count, "order_key": draws.key()}

    def plan(self, parameters, spec):
        if self.fill_value is not None:
            ends = value_ranges.needed(self, spec.value_range)
            checks.number(self, "fill_value", self.fill_value, *ends)
        return super().plan(parameters, spec)

    def transform_pixels(self, channels, parameters):
        fill_value = parameters["value_range"][0] if self.fill_value is None else self.fill_value
        numbers = channel_orders.numbers(parameters["order_key"], len(channels))
        order = channel_orders.ranks(numbers)
        return channel_orders.dropped(channels, order, parameters["count"], fill_value)
