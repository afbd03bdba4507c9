import math
from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.checks import classes
from keras_segaug.core import value_ranges
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.types import ValueRange
from keras_segaug.engine import rectangles
from keras_segaug.engine.operations import Write


class JointRandomErasing(AugmentationLayer):
    """Fills random rectangles of the image, and optionally of the mask.

    Each rectangle's area, as a share of the image's, is uniform in `scale`, its aspect (width by
    height) log-uniform in `ratio`; a side longer than the image's is cut to fit. Every place inside
    the image is equally likely (Zhong et al., "Random Erasing Data Augmentation", AAAI 2020).
    Rectangles may overlap.

    Where the mask is written, per-pixel weights become 0: nothing is left to learn there. Where the
    mask is left as it is, they keep their value.

    Args:
        scale: a pair (lower, upper) in [0, 1]: a rectangle's share of the area. A share of 0
            erases nothing, any other at least one pixel.
        ratio: a pair (lower, upper) of numbers above 0: its width by its height.
        count: how many rectangles to fill in each sample.
        fill_value: the number to write into the image, or "noise": uniform noise between
            the ends of `value_range`, one for each pixel and channel.
        mask_fill_value: the class to write into the masks (a one-hot mask gets its row), or
            None to leave them alone, as `keras.layers.RandomErasing` does.
        value_range: of the images, for "noise". None: see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> erasing = keras_segaug.JointRandomErasing(
    ...     scale=(0.25, 0.25), ratio=(1, 1), mask_fill_value=255
    ... )
    >>> images, masks = erasing(np.ones((8, 8, 3), "uint8"), np.ones((8, 8), "uint8"))
    >>> int((np.asarray(masks) == 255).sum())
    16
    """

    def __init__(
        self,
        *,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 1 / 0.3),
        count: int = 1,
        fill_value: float | str = 0.0,
        mask_fill_value: int | None = None,
        value_range: ValueRange = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.scale = checks.bounds(self, "scale", scale, 0.0, 1.0)
        self.ratio = checks.above_zero(self, "ratio", ratio, math.inf)
        self.count = checks.positive_integer(self, "count", count)
        self.fill_value = checks.fill_or_noise(self, "fill_value", fill_value)
        self.mask_fill_value = mask_fill_value
        if mask_fill_value is not None:
            self.mask_fill_value = classes.label(self, "mask_fill_value", mask_fill_value)

    def _uses_range(self):
        return self.fill_value == "noise"

    def draw(self, draws):
        drawn = rectangles.drawn(draws, self.scale, self.ratio, self.count)
        return {**drawn, "noise": draws.key()} if self.fill_value == "noise" else drawn

    def plan(self, parameters, spec):
        if parameters is None:
            return []
        image: Any = self.fill_value
        if image == "noise":
            image = rectangles.Noise(
                parameters["noise"], value_ranges.needed(self, spec.value_range)
            )
        region = rectangles.boxes(parameters, spec.size)
        return [Write(region=region, image=image, label=self.mask_fill_value)]
