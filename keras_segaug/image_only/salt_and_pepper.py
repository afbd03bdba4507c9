from typing import Any

from keras_segaug import checks
from keras_segaug.core import random
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import noise


class ImageOnlySaltAndPepper(ImageOnlyLayer):
    """Makes random pixels white or black; the mask is untouched.

    White is the highest value of the value range and black the lowest, as in
    `random_noise(mode="s&p")` of scikit-image. NaN in float images stays NaN.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1]: the share of the pixels, drawn for each
            sample. 0 changes nothing. A float `f` means (0, f).
        salt: a number in [0, 1]: the share of these pixels that become white.
        per_channel: True: each channel of a pixel becomes white or black separately; False: all
            channels together.
        value_range: the (lowest, highest) value of images. None: see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> noise = keras_segaug.ImageOnlySaltAndPepper(0.02)
    >>> images, masks = noise(np.ones((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(
        self,
        factor: Range = 0.05,
        salt: float = 0.5,
        per_channel: bool = False,
        value_range: ValueRange = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)
        self.salt = checks.number(self, "salt", salt, 0.0, 1.0)
        self.per_channel = checks.one_of(self, "per_channel", per_channel, (True, False))

    def draw(self, draws):
        return {"share": draws.uniform(*self.factor), "noise_key": draws.key()}

    def transform_places(self, images, parameters):
        height, width, channels = ops.shape(images)[1:]
        count = channels if self.per_channel else 1
        uniform = random.uniform_field(parameters["noise_key"], height, width, count)
        share, value_range = parameters["share"], parameters["value_range"]
        return noise.salt_and_pepper(images, uniform, share, self.salt, value_range)
