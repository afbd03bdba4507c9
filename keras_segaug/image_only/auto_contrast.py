from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import extremes, tones


class ImageOnlyAutoContrast(ImageOnlyLayer):
    """Stretches each channel of the image to the whole value range; the mask is untouched.

    The lowest value of a channel becomes the lowest of the value range, and its highest the
    highest, as in `PIL.ImageOps.autocontrast` (which cuts off the digits after the decimal point;
    here they stay). A channel with only one value stays as it is. NaN in float images stays NaN.

    Unlike `keras.layers.AutoContrast` it does nothing at inference, like every random layer;
    `ImageOnlyPercentileRescaling(0, 100)` acts there, too.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1]: how far each sample goes to the
            stretched image. 0 changes nothing. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> stretch = keras_segaug.ImageOnlyAutoContrast()
    >>> images = np.arange(64, dtype="uint8").reshape(1, 8, 8, 1)
    >>> images, masks = stretch(images, np.ones((1, 8, 8), "uint8"))
    >>> float(images[0, 7, 7, 0])
    255.0
    """

    def __init__(
        self, *, factor: Range = (1.0, 1.0), value_range: ValueRange = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)

    def draw(self, draws):
        return {"strength": draws.uniform(*self.factor)}

    def transform_images(self, images, parameters):
        value_range = parameters["value_range"]
        ends = extremes.channel_extremes(images, parameters["gaps"])
        stretched = tones.stretch(images, ends, value_range)
        return tones.mix(images, stretched, parameters["strength"], value_range)
