from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import tones


class ImageOnlyInvert(ImageOnlyLayer):
    """Turns bright into dark and dark into bright; the mask is untouched.

    A value becomes lowest + highest - value, as in `PIL.ImageOps.invert`. To invert some samples
    only, give `probability`, which is what Keras' `RandomInvert` calls `factor`.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1]: how far each sample goes to its
            inverse. 0 changes nothing, 0.5 leaves a flat image. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> invert = keras_segaug.ImageOnlyInvert()
    >>> images, masks = invert(np.full((2, 8, 8, 3), 55, "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> float(images[0, 0, 0, 0])
    200.0
    """

    def __init__(
        self, *, factor: Range = (1.0, 1.0), value_range: ValueRange = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)

    def draw(self, draws):
        return {"strength": draws.uniform(*self.factor)}

    def transform_values(self, values, parameters):
        value_range = parameters["value_range"]
        inverted = tones.invert(values, value_range)
        return tones.mix(values, inverted, parameters["strength"], value_range)
