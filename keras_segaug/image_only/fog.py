import math
from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color, illumination
from keras_segaug.kernels.smooth_noise import smooth_noise, spacing_of


class ImageOnlyFog(ImageOnlyLayer):
    """Blends the image toward the highest value, more in some places; the mask is untouched.

    Koschmieder's law (1924; Narasimhan and Nayar, IJCV 48, 2002): of the light of a scene the share
    t gets through the fog, and 1 - t of the white of the fog is added. 1 - t varies smoothly over
    the image, between 0 and the drawn factor, and is half of that on average: a spline through
    random numbers, which does not depend on how far away things are.

    Args:
        factor: a float or a pair (lower, upper) in [0, 1]: 1 - t where the fog is thickest. 0
            leaves the image as it is. A float `f` means (0, f).
        sigma: a pair (lower, upper) in [0.02, 2], how wide the banks of fog are: the noise is as
            smooth as if a Gaussian of this deviation, a share of the image's shorter side, had
            smoothed it.
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> fog = keras_segaug.ImageOnlyFog((0.5, 0.8))
    >>> images, masks = fog(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> bool(np.max(images) > 60)
    True
    """

    def __init__(
        self,
        factor: Range = (0.2, 0.7),
        sigma: Sequence[float] = (0.1, 0.4),
        value_range: ValueRange = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.factor = checks.unsigned_range(self, "factor", factor)
        self.sigma = checks.bounds(self, "sigma", sigma, 0.02, 2.0)

    def draw(self, draws):
        # Enough for images twice as long as wide; in longer ones the noise starts over.
        count = math.ceil(2.0 / spacing_of(self.sigma[0])) + 1
        return {
            "factor": draws.uniform(*self.factor),
            "sigma": draws.uniform(*self.sigma),
            "noise": draws.uniform_grid(count, count, 0.0, 1.0),
        }

    def transform_places(self, images, parameters):
        sigma, value_range = ops.reshape(parameters["sigma"], (-1,)), parameters["value_range"]
        noise = smooth_noise(parameters["noise"], sigma, ops.shape(images)[1:3])[..., None]
        # A mean of many numbers stays near their middle, so the noise is stretched.
        share = parameters["factor"] * ops.clip(2.0 * noise - 0.5, 0.0, 1.0)
        return color.clip(illumination.toward(images, value_range[1], share), value_range)
