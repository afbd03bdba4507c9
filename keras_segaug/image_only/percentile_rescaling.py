from typing import Any

from keras_segaug import checks
from keras_segaug.core import value_ranges
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.kernels import extremes, tones
from keras_segaug.kernels.values import replace

_PER_CHANNEL = {"image": (False,), "channel": (True,), "both": (False, True)}


class ImageOnlyPercentileRescaling(ImageOnlyLayer):
    """Maps two percentiles of each image to the ends of the value range; the mask is untouched.

    Values beyond them are clipped, so that a few very bright or dark pixels do not decide how the
    rest looks. Percentiles are values of the image, as in
    `numpy.percentile(images, q, method="inverted_cdf")`, to within a 65536th of the distance from
    its lowest to its highest value. Where both percentiles are the same value, values are only
    clipped. NaN in float images stays NaN and is not counted. Gradients treat the percentiles as
    constants.

    With two numbers it does the same to every sample, at inference as well, and takes no
    `probability`. With a pair it is random, and does nothing at inference.

    Args:
        lower: a number in [0, 100], or a pair (lower, upper) of them to draw from for each sample:
            the percentile that becomes the lowest value.
        upper: the same, for the highest value; it must not be below any of `lower`.
        per: "image": the percentiles are those of all channels together. "channel": each channel
            has its own. "both": one of the two for each sample, at random.
        value_range: the (lowest, highest) value of the result; images may have any. None: that of
            the images, see `ImageOnlyLayer`.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> rescaling = keras_segaug.ImageOnlyPercentileRescaling(1, 99, value_range=(0, 1))
    >>> images = np.arange(-500, 500, dtype="int16").reshape(1, 40, 25, 1)
    >>> images, masks = rescaling(images, np.ones((1, 40, 25), "uint8"))
    >>> float(images[0, 0, 0, 0]), float(images[0, -1, -1, 0])
    (0.0, 1.0)
    """

    _takes_any_range = True

    def __init__(
        self,
        lower: Range = 1.0,
        upper: Range = 99.0,
        per: str = "image",
        value_range: ValueRange = None,
        **kwargs: Any,
    ) -> None:
        self.lower = checks.fixed_or_range(self, "lower", lower, 0.0, 100.0)
        self.upper = checks.fixed_or_range(self, "upper", upper, self.lower[1], 100.0)
        self.per = checks.one_of(self, "per", per, tuple(_PER_CHANNEL))
        self.random = per == "both" or len({*self.lower}) + len({*self.upper}) > 2
        super().__init__(value_range=value_range, **kwargs)

    def output_spec(self, spec):
        if self.value_range is None or (self.random and not spec.acting):
            return spec
        after = value_ranges.ValueRange(*self.value_range)._replace(rescaled=True)
        if not self._always_acts:
            why = "only some samples are rescaled before it"
            after = value_ranges.common([spec.value_range, after], why)
        return replace(spec, value_range=after)

    def draw(self, draws):
        drawn = {"lower": draws.uniform(*self.lower), "upper": draws.uniform(*self.upper)}
        return {**drawn, "joint": draws.bernoulli(0.5)} if self.per == "both" else drawn

    def plan(self, parameters, spec):
        if not self.random:
            parameters = {"lower": self.lower[0], "upper": self.upper[0]}
        return super().plan(parameters, spec)

    def transform_images(self, images, parameters):
        percents = [parameters["lower"], parameters["upper"]]
        found = []
        for per_channel in _PER_CHANNEL[self.per]:
            ends = extremes.percentiles(images, percents, per_channel, parameters["gaps"])
            found.append(tones.stretch(images, ends, parameters["value_range"]))
        return ops.where(parameters["joint"], *found) if self.per == "both" else found[0]
