from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color, matching


class ImageOnlyHistogramMatching(ImageOnlyLayer):
    """Gives the image the histogram of a random reference image; the mask is untouched.

    Each channel by itself: a value becomes the one up to which the reference has the same share of
    its values, as `skimage.exposure.match_histograms` (Gonzalez and Woods, "Digital Image
    Processing"). Both histograms have 256 levels over the value range: for 8-bit images they are
    exact, other values are interpolated between them. NaN in float images does not count, and
    stays NaN.

    Args:
        references: images (N, height, width, channels) of any size, in the value range of the
            images and with as many channels. Each sample draws one. They are kept in the
            config. With `channels` they have those channels alone.
        factor: a float or a pair (lower, upper) in [0, 1]: how far toward what matches. 0 leaves
            the image as it is. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Raises:
        ValueError: for images of another number of channels than the references have, and for
            references beyond the value range.

    Example:

    >>> references = np.full((1, 4, 4, 3), 90, "uint8")
    >>> matching = keras_segaug.ImageOnlyHistogramMatching(references, factor=(1, 1))
    >>> images, masks = matching(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> float(images[0, 0, 0, 0])
    90.0
    """

    def __init__(
        self,
        references: Any,
        factor: Range = (0.5, 1.0),
        value_range: ValueRange | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.references = checks.references(self, references)
        self.factor = checks.unsigned_range(self, "factor", factor)
        self.value_range = checks.optional_value_range(self, value_range)

    def draw(self, draws):
        chosen = draws.integer(len(self.references))
        return {"reference": chosen, "factor": draws.uniform(*self.factor)}

    def transform_images(self, images, parameters):
        value_range = parameters["value_range"]
        checks.same_channels(self, self.references, images.shape[-1])
        checks.same_range(self, self.references, value_range)
        shares = ops.convert_to_tensor(matching.shares_of(self.references, value_range))
        chosen = ops.take(shares, ops.reshape(parameters["reference"], (-1,)), axis=0)
        matched = matching.match_histograms(images, chosen, parameters["factor"], value_range)
        return color.clip(matched, value_range)
