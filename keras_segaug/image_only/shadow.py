from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color, illumination


class ImageOnlyShadow(ImageOnlyLayer):
    """Darkens a random convex polygon of the image, as a shadow does; the mask is untouched.

    Its middle lies anywhere in the image, and its corners lie on an ellipse around it, at random
    angles. Inside it, the part of each value above the lowest is reduced by the same share
    everywhere.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1]: how much of the light is lost. 0
            leaves the image as it is, 1 is black. A float `f` means (0, f).
        size: a pair (lower, upper) in [0, 4]: the half axes of the ellipse, drawn separately, as
            shares of the image's height and width.
        corners: how many corners, an integer in [3, 12].
        softness: a number in [0, 1]: how wide the edge of the shadow is, as a share of the image's
            shorter side; at least one pixel.
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> shadow = keras_segaug.ImageOnlyShadow((0.5, 0.5))
    >>> images, masks = shadow(np.full((8, 8, 3), 200, "uint8"), np.ones((8, 8), "uint8"))
    >>> float(np.min(images))
    100.0
    """

    def __init__(
        self,
        factor: Range = (0.3, 0.6),
        size: Sequence[float] = (0.2, 0.8),
        corners: int = 5,
        softness: float = 0.02,
        value_range: ValueRange = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)
        self.size = checks.bounds(self, "size", size, 0.0, 4.0)
        self.corners = checks.whole_number(self, "corners", corners, 3, 12)
        self.softness = checks.number(self, "softness", softness, 0.0, 1.0)

    def draw(self, draws):
        drawn = {name: draws.uniform() for name in ("top", "left", "turn")}
        drawn |= {name: draws.uniform(*self.size) for name in ("tall", "wide")}
        # The gaps are never so unequal that the middle would lie outside.
        gaps = ops.stack([draws.uniform(0.75, 1.25) for _ in range(self.corners)], axis=1)
        return {**drawn, "gaps_between": gaps, "factor": draws.uniform(*self.factor)}

    def transform_places(self, images, parameters):
        value_range = parameters["value_range"]
        held = illumination.polygon(parameters, self.softness, ops.shape(images)[1:3])
        share = held * parameters["factor"]
        return color.clip(illumination.toward(images, value_range[0], share), value_range)
