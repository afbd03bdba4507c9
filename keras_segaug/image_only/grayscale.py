from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import tones


class ImageOnlyGrayscale(ImageOnlyLayer):
    """Makes the image gray; the mask is untouched. Images must have 3 channels, and keep them.

    Every channel becomes 0.299 red + 0.587 green + 0.114 blue, the luma of ITU-R BT.601, as in PIL
    and torchvision. To make some samples gray only, give `probability`, which is what Keras'
    `RandomGrayscale` calls `factor`.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1]: how far each sample goes to gray. 0
            changes nothing. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> grayscale = keras_segaug.ImageOnlyGrayscale(probability=0.2)
    >>> images, masks = grayscale(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(
        self, *, factor: Range = (1.0, 1.0), value_range: ValueRange = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)

    def draw(self, draws):
        return {"strength": draws.uniform(*self.factor)}

    def transform_pixels(self, channels, parameters):
        checks.three_channels(self, channels)
        strength, value_range = parameters["strength"], parameters["value_range"]
        gray = tones.luma(channels)
        return [tones.mix(channel, gray, strength, value_range) for channel in channels]
