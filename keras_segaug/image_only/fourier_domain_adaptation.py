from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import color, matching
from keras_segaug.kernels.gaps import around_gaps


class ImageOnlyFourierDomainAdaptation(ImageOnlyLayer):
    """Gives the image the colors and the light of a random reference; the mask is untouched.

    Yang and Soatto, "FDA: Fourier Domain Adaptation for Semantic Segmentation", CVPR 2020: the
    amplitudes of the lowest frequencies become those of the reference, the phases stay, and with
    them what is where. Frequencies that the image does not have (those of a flat image, but for
    its mean) stay as they are. NaN in float images stays where it is, and counts as its channel's
    mean for the rest.

    Args:
        references: images (N, height, width, channels), in the value range of the images and with
            as many channels. Each sample draws one, which is resized to its size. They are kept
            in the config. With `channels` they have those channels alone.
        beta: a float or a pair (lower, upper) in [0, 0.5]: up to which frequency, in periods an
            image, as a share of its shorter side, rounded down. At 0 the mean alone is swapped;
            the paper has 0.01, 0.05 and 0.09. A float `b` means (0, b).
        factor: a float or a pair (lower, upper) in [0, 1]: how far toward the adapted image. 0
            leaves the image as it is. A float `f` means (0, f).
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Raises:
        ValueError: for images of another number of channels than the references have, and for
            references beyond the value range.

    Example:

    >>> references = np.full((1, 4, 4, 3), 90, "uint8")
    >>> adaptation = keras_segaug.ImageOnlyFourierDomainAdaptation(references)
    >>> images = adaptation(np.full((2, 8, 8, 3), 200, "uint8"))
    >>> round(float(images[0, 0, 0, 0]))
    90
    """

    def __init__(
        self,
        references: Any,
        beta: Range = 0.05,
        factor: Range = (1.0, 1.0),
        value_range: ValueRange | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.references = checks.references(self, references)
        self.beta = checks.unsigned_range(self, "beta", beta, 0.5)
        self.factor = checks.unsigned_range(self, "factor", factor)
        self.value_range = checks.optional_value_range(self, value_range)

    def draw(self, draws):
        chosen = draws.integer(len(self.references))
        drawn = {"beta": draws.uniform(*self.beta), "factor": draws.uniform(*self.factor)}
        return {"reference": chosen, **drawn}

    def transform_images(self, images, parameters):
        low, high = parameters["value_range"]
        checks.same_channels(self, self.references, images.shape[-1])
        checks.same_range(self, self.references, (low, high))
        references = ops.convert_to_tensor(self.references)
        chosen = ops.take(references, ops.reshape(parameters["reference"], (-1,)), axis=0)
        others = matching.resized(chosen, ops.shape(images)[1:3])

        def adapted(images):
            beta, largest = parameters["beta"], self.beta[1]
            return matching.adapt_frequencies(images, others, beta, largest, high - low)

        result = around_gaps(adapted, images, parameters["gaps"])
        return color.clip(images + parameters["factor"] * (result - images), (low, high))
