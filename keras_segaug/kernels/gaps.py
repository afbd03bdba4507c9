"""Values that are NaN, no data, in images (B, H, W, C)."""

from keras_segaug.core.backend import ops
from keras_segaug.kernels.color import channel_means
from keras_segaug.kernels.sampling import dtype_of


def around_gaps(function, images, gaps):
    """`function` of the images, where NaN counts as the mean of its channel and stays NaN."""
    if not gaps or dtype_of(images) == "uint8":
        return function(images)
    return ops.where(ops.isnan(images), float("nan"), function(filled(images, gaps)))


def filled(images, gaps):
    """The images with NaN replaced by the mean of its channel."""
    return ops.where(ops.isnan(images), channel_means(images, gaps), images) if gaps else images
