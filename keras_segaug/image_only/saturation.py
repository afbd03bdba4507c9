from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color


class ImageOnlySaturation(ImageOnlyLayer):
    """Makes colors paler or richer; the mask is untouched. Images must have 3 channels.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1]: 0 is gray, 0.5 changes nothing,
            1 is full saturation. A float `f` means (0, f). The S of HSV is multiplied by
            factor / (1 - factor), as `keras.layers.RandomSaturation` documents.
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> saturation = keras_segaug.ImageOnlySaturation((0.4, 0.6))
    >>> images, masks = saturation(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(self, factor: Range, value_range: ValueRange = None, **kwargs: Any) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)

    def draw(self, draws):
        return {"factor": draws.uniform(*self.factor)}

    def transform_pixels(self, channels, parameters):
        checks.three_channels(self, channels)
        multiplier = color.saturation_multiplier(parameters["factor"])
        value_range, gaps = parameters["value_range"], parameters["gaps"]
        return color.adjust_saturation(channels, multiplier, value_range, gaps)
