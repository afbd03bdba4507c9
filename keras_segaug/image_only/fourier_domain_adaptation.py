from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.types import Range
from keras_segaug.image_only.matching import MatchingLayer
from keras_segaug.kernels import color, matching
from keras_segaug.kernels.gaps import around_gaps, filled


class ImageOnlyFourierDomainAdaptation(MatchingLayer):
    """Gives the image the colors and lighting of another one; the mask is untouched.

    Yang and Soatto, "FDA: Fourier Domain Adaptation for Semantic Segmentation", CVPR 2020: the
    amplitudes of the lowest frequencies become those of a reference, or of another sample of the
    batch; the phases stay, and with them the position of everything. Frequencies that the image
    does not have (in a flat image, all but the mean) stay as they are. Values count from the lowest
    of the value range, so that the mean becomes the other's wherever 0 lies. NaN in float images
    stays where it is, and counts as its channel's mean for the rest.

    Args:
        beta: a float or a pair (lower, upper) in [0, 0.5]: the highest frequency to swap, in
            periods per image, as a share of its shorter side, rounded down. At 0 only the mean is
            swapped; the paper uses 0.01, 0.05 and 0.09. A float `b` means (0, b).
        references: see `MatchingLayer`; they are resized to the size of the images.
        factor: see `MatchingLayer`.
        **kwargs: `value_range`, `across_shards`: see `MatchingLayer`; and those of
            `AugmentationLayer`.

    Raises:
        ValueError: for images that do not have as many channels as the references, and for
            references beyond the value range.

    Example:

    >>> references = np.full((1, 4, 4, 3), 90, "uint8")
    >>> adaptation = keras_segaug.ImageOnlyFourierDomainAdaptation(references)
    >>> images = adaptation(np.full((2, 8, 8, 3), 200, "uint8"))
    >>> round(float(images[0, 0, 0, 0]))
    90
    """

    def __init__(
        self, references: Any = None, beta: Range = 0.05, factor: Range = (1.0, 1.0), **kwargs: Any
    ) -> None:
        super().__init__(references, factor, **kwargs)
        self.beta = checks.unsigned_range(self, "beta", beta, 0.5)

    def draw(self, draws):
        return {**super().draw(draws), "beta": draws.uniform(*self.beta)}

    def transform_images(self, images, parameters):
        low, high = parameters["value_range"]
        self._check(images, (low, high))
        others = parameters.get("others")
        if others is None:
            others = self._chosen(self.references, parameters)
            others = matching.resized(others, ops.shape(images)[1:3])
        others = filled(others, parameters["gaps"])

        def adapted(images):
            beta, largest = parameters["beta"], self.beta[1]
            return matching.adapt_frequencies(images, others, beta, largest, (low, high))

        result = around_gaps(adapted, images, parameters["gaps"])
        return color.clip(images + parameters["factor"] * (result - images), (low, high))
