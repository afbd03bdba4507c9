from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color, illumination


class ImageOnlyVignetting(ImageOnlyLayer):
    """Darkens the image toward its corners, as a lens does; the mask is untouched.

    The part of each value above the lowest falls off with the fourth power of the cosine of the
    angle to the lens' axis (the "cos^4 law" of natural vignetting; Horn, "Robot Vision", 1986),
    which is the middle of the image.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1]: how much of the light is lost in the
            corners. 0 leaves the image as it is. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> vignetting = keras_segaug.ImageOnlyVignetting((0.5, 0.5))
    >>> image = np.asarray(vignetting(np.full((9, 9, 1), 200, "uint8")))
    >>> round(float(image[0, 0, 0])), round(float(image[4, 4, 0]))
    (100, 200)
    """

    def __init__(self, factor: Range = 0.6, value_range: ValueRange = None, **kwargs: Any) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)

    def draw(self, draws):
        return {"factor": draws.uniform(*self.factor)}

    def transform_places(self, images, parameters):
        value_range = parameters["value_range"]
        gain = illumination.falloff(parameters["factor"], ops.shape(images)[1:3])
        return color.clip(illumination.toward(images, value_range[0], 1.0 - gain), value_range)
