from keras_segaug.image_only.matching import MatchingLayer
from keras_segaug.kernels import color, matching


class ImageOnlyHistogramMatching(MatchingLayer):
    """Gives the image the histogram of a reference, or of another sample; the mask is untouched.

    Each channel is matched separately: a value becomes the one up to which the reference has the
    same share of its values, as in `skimage.exposure.match_histograms` (Gonzalez and Woods,
    "Digital Image Processing"). Both histograms have 256 levels over the value range: for 8-bit
    images they are exact, other values are interpolated between those levels that occur. NaN in
    float images does not count, and stays NaN.

    Args:
        **kwargs: `references`, `factor`, `value_range`, `across_shards`: see `MatchingLayer`; and
            those of `AugmentationLayer`.

    Raises:
        ValueError: for images that do not have as many channels as the references, and for
            references beyond the value range.

    Example:

    >>> references = np.full((1, 4, 4, 3), 90, "uint8")
    >>> matching = keras_segaug.ImageOnlyHistogramMatching(references, factor=(1, 1))
    >>> images, masks = matching(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> float(images[0, 0, 0, 0])
    90.0
    """

    def transform_images(self, images, parameters):
        value_range = parameters["value_range"]
        self._check(images, value_range)
        if self.references is None:
            theirs = matching.cumulative(parameters["others"], value_range)
        else:
            theirs = self._chosen(matching.shares_of(self.references, value_range), parameters)
        matched = matching.match_histograms(images, theirs, parameters["factor"], value_range)
        return color.clip(matched, value_range)
