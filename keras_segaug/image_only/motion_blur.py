import math
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range
from keras_segaug.kernels import color, filters


class ImageOnlyMotionBlur(ImageOnlyLayer):
    """Blurs the image along a line of random length and angle; the mask is untouched.

    Each pixel becomes the mean of the image, read between its pixels (bilinear), over a straight
    line centered on it, so that nothing is displaced. The image is mirrored at its borders. NaN in
    float images spreads as far as the line reaches, but not where the length is 0.

    The time it takes grows with the largest length where it is compiled for a CPU, elsewhere with
    the square of it.

    Args:
        length: a float or a pair (lower, upper) in [0, 64]: from end to end of the line, in
            pixels. A float `l` means (0, l).
        angle: a pair (lower, upper) or a float in [-1, 1], in fractions of a full turn: 0 is along
            the rows, positive is counter-clockwise. A float `a` means (-a, a). Half a turn, the
            default, is every direction.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> blur = keras_segaug.ImageOnlyMotionBlur(length=(3, 6), angle=(-0.05, 0.05))
    >>> images, masks = blur(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    _takes_bytes = True

    def __init__(self, *, length: Range = 6.0, angle: Range = (0.0, 0.5), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = checks.unsigned_range(self, "length", length, 64.0)
        self.angle = checks.turns(self, "angle", angle)

    def draw(self, draws):
        return {"length": draws.uniform(*self.length), "angle": draws.uniform(*self.angle)}

    def transform_images(self, images, parameters):
        turn = 2.0 * math.pi * parameters["angle"]
        longest, gaps = self.length[1], parameters["gaps"]
        blurred = filters.motion_blur(images, parameters["length"], turn, longest, gaps)
        return color.within(blurred, parameters["bounds"])
