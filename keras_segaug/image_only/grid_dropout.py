from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import ValueRange
from keras_segaug.engine import rectangles
from keras_segaug.kernels import illumination


class ImageOnlyGridDropout(ImageOnlyLayer):
    """Fills a regular grid of squares of the image; the mask is untouched.

    Chen et al., "GridMask Data Augmentation", arXiv 2001.04086, 2020, without the rotation: the
    image is cut into square cells of a random size, the grid lies at a random place, and in each
    cell a square is filled.

    Args:
        cell: a pair (lower, upper) in [0, 1]: a cell's side as a share of the image's shorter
            side; at least 2 pixels.
        ratio: a number in [0, 1] for the side of the filled square as a share of the cell's;
            0.5 fills a quarter of the image, 0 nothing.
        fill_value: the number to write into the image, NaN (no data) for float images, or
            "noise": uniform noise between the ends of `value_range`, one for each pixel and
            channel.
        value_range: of the images, for "noise". None: see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> dropout = keras_segaug.ImageOnlyGridDropout(cell=(0.5, 0.5))
    >>> images, masks = dropout(np.ones((8, 8, 3), "uint8"), np.ones((8, 8), "uint8"))
    >>> int((np.asarray(images) == 0).all(-1).sum()), int((np.asarray(masks) == 1).sum())
    (16, 64)
    """

    def __init__(
        self,
        *,
        cell: Sequence[float] = (0.1, 0.3),
        ratio: float = 0.5,
        fill_value: float | str = 0.0,
        value_range: ValueRange = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.cell = checks.bounds(self, "cell", cell, 0.0, 1.0)
        self.ratio = checks.number(self, "ratio", ratio, 0.0, 1.0)
        self.fill_value = checks.fill_or_noise(self, "fill_value", fill_value)

    def _uses_range(self):
        return self.fill_value == "noise"

    def draw(self, draws):
        drawn = {"cell": draws.uniform(*self.cell), "top": draws.uniform(), "left": draws.uniform()}
        return {**drawn, "noise": draws.key()} if self.fill_value == "noise" else drawn

    def transform_places(self, images, parameters):
        shift = parameters["top"], parameters["left"]
        size = ops.shape(images)[1:3]
        held = illumination.squares(parameters["cell"], self.ratio, shift, size)
        return rectangles.filled(images, held, self.fill_value, parameters)
