import math
from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import ValueRange
from keras_segaug.engine import rectangles
from keras_segaug.kernels.fields import pixel_grid


class ImageOnlyErasing(ImageOnlyLayer):
    """Fills random rectangles of the image; the mask is untouched, even where they hide the image.

    So a network has to infer from the surroundings what is hidden. `JointRandomErasing` can also
    write into the mask; the rectangles are the same: each one's area, as a share of the image's, is
    uniform in `scale`, its aspect (width by height) log-uniform in `ratio`, every place inside the
    image equally likely (Zhong et al., "Random Erasing Data Augmentation", AAAI 2020).

    Args:
        scale: a pair (lower, upper) in [0, 1]: a rectangle's share of the area. A share of 0
            erases nothing, any other at least one pixel.
        ratio: a pair (lower, upper) of numbers above 0: its width by its height.
        count: how many rectangles to fill in each sample.
        fill_value: the number to write into the image, NaN (no data) for float images, or
            "noise": uniform noise between the ends of `value_range`, one for each pixel and
            channel.
        value_range: of the images, for "noise". None: see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> erasing = keras_segaug.ImageOnlyErasing(scale=(0.25, 0.25), ratio=(1, 1))
    >>> images, masks = erasing(np.ones((8, 8, 3), "uint8"), np.ones((8, 8), "uint8"))
    >>> int((np.asarray(images) == 0).all(-1).sum()), int((np.asarray(masks) == 1).sum())
    (16, 64)
    """

    def __init__(
        self,
        *,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 1 / 0.3),
        count: int = 1,
        fill_value: float | str = 0.0,
        value_range: ValueRange = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.scale = checks.bounds(self, "scale", scale, 0.0, 1.0)
        self.ratio = checks.above_zero(self, "ratio", ratio, math.inf)
        self.count = checks.positive_integer(self, "count", count)
        self.fill_value = checks.fill_or_noise(self, "fill_value", fill_value)

    def _uses_range(self):
        return self.fill_value == "noise"

    def draw(self, draws):
        return {
            **rectangles.drawn(draws, self.scale, self.ratio, self.count),
            **({"noise": draws.key()} if self.fill_value == "noise" else {}),
        }

    def transform_places(self, images, parameters):
        size = ops.shape(images)[1:3]
        held = rectangles.boxes(parameters, size).holds(pixel_grid(size))
        return rectangles.filled(images, held, self.fill_value, parameters)
