"""What is known of a batch before any of its pixels is looked at."""

from typing import Any

from keras_segaug import checks
from keras_segaug.kernels.values import Value, replace

# For a number of channels that nothing asks for.
NOT_ASKED = -1


class Spec(Value):
    """What a layer gets, and what it makes of it.

    Args:
        size: one entry for each spatial axis, such as (height, width): a number, a traced one, or
            None where it is not known.
        value_range: a `value_ranges.ValueRange`, or `value_ranges.Unknown`.
        image_channels: None where the number is not known, `NOT_ASKED` where nothing needs it.
        mask_channels: likewise.
        acting: False at inference, and for samples that a composition leaves alone.
        gaps: may a value be NaN, no data?
        mask_names: the keys under which the masks came, in order; "" for a mask without one.
    """

    size: tuple
    value_range: Any = None
    image_channels: Any = NOT_ASKED
    mask_channels: Any = NOT_ASKED
    acting: bool = True
    gaps: bool = False
    mask_names: tuple = ()

    def resized(self, *size):
        """The same with another size."""
        return replace(self, size=size)

    def coded(self, owner, before, after):
        """The same for masks whose `before` channels become `after`; other masks are refused."""
        if self.mask_channels == NOT_ASKED:
            return self
        checks.channels(owner, self.mask_channels, before)
        return replace(self, mask_channels=after)
