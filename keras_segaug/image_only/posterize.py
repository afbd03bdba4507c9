from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import ValueRange
from keras_segaug.kernels import tones


class ImageOnlyPosterize(ImageOnlyLayer):
    """Leaves few different values, by cutting off bits; the mask is untouched.

    As `PIL.ImageOps.posterize`, with exactly the same gray levels for 8-bit images: of the 256
    levels of the value range, only those whose lower bits are 0 remain. Values of other dtypes and
    ranges are reduced to the same levels, as fractions of their range. Gradients are those of the
    image, as if nothing were cut.

    Args:
        factor: an integer or a pair (lower, upper) of them in [1, 8]: how many bits to keep, drawn
            for each sample. 8 changes nothing, whatever the dtype. An integer `n` means (n, n), as
            in `keras.layers.RandomPosterization`.
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> posterize = keras_segaug.ImageOnlyPosterize(2)
    >>> images, masks = posterize(np.full((2, 8, 8, 3), 150, "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> float(images[0, 0, 0, 0])
    128.0
    """

    def __init__(
        self, factor: int | Sequence[int] = (3, 6), value_range: ValueRange = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.integer_range(self, "factor", factor, 1, 8)

    def draw(self, draws):
        lower, upper = self.factor
        return {"bits": ops.cast(lower, "int32") + draws.integer(upper - lower + 1)}

    def transform_values(self, values, parameters):
        return tones.posterize(values, parameters["bits"], parameters["value_range"])
