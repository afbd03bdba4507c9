from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import ValueRange
from keras_segaug.kernels import color
from keras_segaug.kernels.gaps import around_gaps
from keras_segaug.kernels.low_resolution import low_resolution


class ImageOnlyLowResolution(ImageOnlyLayer):
    """Makes the image smaller and large again, so that detail is lost; the mask is untouched.

    As in nnU-Net's `SimulateLowResolutionTransform` (Isensee et al., Nature Methods 18, 2021): the
    nearest pixels of a coarser grid are kept, and a cubic is fitted through them. The cubic is that
    of Keys with a = -1/2, as everywhere in this package, whereas nnU-Net uses a spline. Both grids
    cover the image, edge to edge, and a center midway between two pixels takes their mean, so
    nothing is displaced by half a pixel. NaN in float images stays where it is, and counts as its
    channel's mean for the rest.

    Args:
        scale: a pair (lower, upper) in [0.01, 1]: how many pixels the coarse image has along an
            axis, as a share of the image's, drawn uniformly. 1 leaves the image as it is.
        interpolation: "bicubic" or "bilinear", on the way back.
        value_range: the (lowest, highest) value of images; where the cubic overshoots, it is
            clipped to it. None: see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> low = keras_segaug.ImageOnlyLowResolution((0.5, 0.5))
    >>> images, masks = low(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    _takes_bytes = True

    def __init__(
        self,
        scale: Sequence[float] = (0.5, 1.0),
        interpolation: str = "bicubic",
        value_range: ValueRange = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)
        self.scale = checks.bounds(self, "scale", scale, 0.01, 1.0)
        self.interpolation = checks.one_of(
            self, "interpolation", interpolation, ("bicubic", "bilinear")
        )

    def draw(self, draws):
        return {"scale": draws.uniform(*self.scale)}

    def transform_images(self, images, parameters):
        def coarse(images):
            scale, smallest = parameters["scale"], self.scale[0]
            return low_resolution(images, scale, self.interpolation, smallest)

        result = around_gaps(coarse, images, parameters["gaps"])
        return color.clip(result, parameters["value_range"])
