import math
from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import tones
from keras_segaug.kernels.clahe import clahe


class ImageOnlyCLAHE(ImageOnlyLayer):
    """Equalizes each channel of the image locally, tile by tile; the mask is untouched.

    Contrast limited adaptive histogram equalization (Zuiderveld, Graphics Gems IV, 1994), as in
    `cv2.createCLAHE`, to within the half gray level by which OpenCV rounds: the image is cut into
    tiles, each tile has a table made from its histogram, and a pixel blends the results of the four
    tables around it. Images of other dtypes and ranges are processed in 256 levels of the value
    range. NaN in float images stays NaN and is not counted. Gradients are those of the image, as if
    nothing were done.

    Unlike Keras' layer of this kind it does nothing at inference, like every random layer.

    Args:
        clip_limit: a number, or a pair (lower, upper) to draw from for each sample, of at least
            0.1: how often a level may occur in a tile, in multiples of the average; the excess is
            spread over all levels. This limits the slope of a table, and so how much noise is
            amplified. A number `c` means (c, c).
        tile_grid_size: how many (rows, columns) of tiles the image is cut into.
        factor: a float or a pair (lower, upper) in [0, 1]: how far each sample goes to the
            equalized image. 0 changes nothing. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> clahe = keras_segaug.ImageOnlyCLAHE(clip_limit=2.0, tile_grid_size=(4, 4))
    >>> images, masks = clahe(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(
        self,
        *,
        clip_limit: Range = (1.0, 4.0),
        tile_grid_size: Sequence[int] = (8, 8),
        factor: Range = (1.0, 1.0),
        value_range: ValueRange = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.clip_limit = checks.fixed_or_range(self, "clip_limit", clip_limit, 0.1, math.inf)
        self.tile_grid_size = checks.counts(self, "tile_grid_size", tile_grid_size)
        self.factor = checks.unsigned_range(self, "factor", factor)

    def draw(self, draws):
        limit = draws.uniform(*self.clip_limit)
        return {"clip_limit": limit, "strength": draws.uniform(*self.factor)}

    def transform_images(self, images, parameters):
        value_range, limit = parameters["value_range"], parameters["clip_limit"]
        equalized = clahe(images, limit, self.tile_grid_size, value_range, parameters["gaps"])
        return tones.mix(images, equalized, parameters["strength"], value_range)
