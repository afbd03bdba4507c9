"""Values that are no data, NaN, in images (B, H, W, C)."""

from keras_segaug.core.backend import ops
from keras_segaug.kernels.color import channel_means


def around_gaps(function, images, gaps):
    """New images of images of which NaN counts as the mean of its channel, and stays NaN."""
    if not gaps:
        return function(images)
    missing = ops.isnan(images)
    result = function(ops.where(missing, channel_means(images, gaps), images))
    return ops.where(missing, float("nan"), result)
