from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.kernels import channel_orders


class ImageOnlyChannelShuffle(ImageOnlyLayer):
    """Puts the channels of the image into a random order; the mask is untouched.

    Each sample draws its own order, and all orders are equally likely, including the original one:
    with three channels, one sample in six stays as it is. Values are not changed, whatever their
    range.

    Args:
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> shuffle = keras_segaug.ImageOnlyChannelShuffle(probability=0.5)
    >>> images, masks = shuffle(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def draw(self, draws):
        return {"order_key": draws.key()}

    def transform_pixels(self, channels, parameters):
        numbers = channel_orders.numbers(parameters["order_key"], len(channels))
        return channel_orders.reordered(channels, channel_orders.ranks(numbers))
