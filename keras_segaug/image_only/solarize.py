from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import tones
from keras_segaug.kernels.color import adjust_brightness


class ImageOnlySolarize(ImageOnlyLayer):
    """Inverts the bright values of the image; the mask is untouched.

    A value at or above the threshold becomes lowest + highest - value, as in
    `PIL.ImageOps.solarize`, torchvision and `keras.layers.Solarization`, which has the same
    arguments.

    Args:
        threshold_factor: a float or a pair (lower, upper) in [0, 1]: the threshold, in fractions of
            the value range, drawn for each sample. 1 inverts nothing, 0 everything. A float `f`
            means (0, f).
        addition_factor: a float or a pair (lower, upper) in [0, 1]: what is added before inverting,
            in fractions of the value range; sums are clipped to it. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> solarize = keras_segaug.ImageOnlySolarize(threshold_factor=(0.5, 0.5))
    >>> images, masks = solarize(np.full((2, 8, 8, 3), 200, "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> float(images[0, 0, 0, 0])
    55.0
    """

    def __init__(
        self,
        *,
        threshold_factor: Range = (0.5, 1.0),
        addition_factor: Range = 0.0,
        value_range: ValueRange = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.threshold_factor = checks.unsigned_range(self, "threshold_factor", threshold_factor)
        self.addition_factor = checks.unsigned_range(self, "addition_factor", addition_factor)

    def draw(self, draws):
        threshold = draws.uniform(*self.threshold_factor)
        return {"threshold": threshold, "addition": draws.uniform(*self.addition_factor)}

    def transform_values(self, values, parameters):
        value_range = parameters["value_range"]
        values = adjust_brightness(values, parameters["addition"], value_range)
        return tones.solarize(values, parameters["threshold"], value_range)
