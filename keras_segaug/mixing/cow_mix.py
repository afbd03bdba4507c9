import math
from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.kernels.smooth_noise import smooth_noise, spacing_of
from keras_segaug.mixing.pasting import PastingLayer


class JointCowMix(PastingLayer):
    """Pastes irregular smooth spots of another image of the batch, like those of a cow.

    French, Oliver, Salimans, "Milking CowMask for semi-supervised image classification", 2020, and
    French et al., BMVC 2020, for segmentation: noise is smoothed and cut at a level. Where it lies
    below the level, the partner is shown: image, masks and weights.

    Args:
        proportion: a pair (lower, upper) in [0, 1], the share of the image to be pasted, drawn
            uniformly. As in the paper the level is that of a normal distribution with the mean
            and the deviation of the noise in this image: the share is met on average.
        sigma: a pair (lower, upper) above 0, the deviation of the smoothing Gaussian, as a share of
            the image's shorter side, drawn log-uniformly. The paper's 4 to 16 pixels of 32 are the
            default. The noise is a spline through random numbers whose correlation is that of such
            a Gaussian.
        **kwargs: see `MixingLayer`, and `ignore_class=255`: the class of pixels that are not
            pasted, so that no labels are lost; None pastes them, too.

    Raises:
        ValueError: for images without a batch axis.

    Example:

    >>> mix = keras_segaug.JointCowMix(seed=1)
    >>> masks = np.repeat(np.arange(4, dtype="uint8"), 64).reshape(4, 8, 8)
    >>> images, masks = mix(np.zeros((4, 8, 8, 3), "uint8"), masks)
    >>> [len(np.unique(mask)) for mask in np.asarray(masks)]
    [2, 2, 2, 2]
    """

    def __init__(
        self,
        *,
        proportion: Sequence[float] = (0.2, 0.8),
        sigma: Sequence[float] = (0.125, 0.5),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.proportion = checks.bounds(self, "proportion", proportion, 0.0, 1.0)
        self.sigma = checks.above_zero(self, "sigma", sigma, 1e3)

    def draw(self, draws):
        [partner] = draws.partners(1, self.across_shards)
        # Enough for images twice as long as wide; in longer ones the noise starts over.
        count = math.ceil(2.0 / spacing_of(self.sigma[0])) + 1
        lower, upper = (math.log(bound) for bound in self.sigma)
        return {
            "partner": partner,
            "proportion": draws.uniform(*self.proportion),
            "sigma": ops.exp(draws.uniform(lower, upper)),
            "noise": draws.uniform_grid(count, count, -1.0, 1.0),
        }

    def chosen(self, parameters, mask, view):
        size = view.spec.size
        noise = smooth_noise(parameters["noise"], parameters["sigma"], size)
        axes = tuple(range(1, len(size) + 1))
        mean = ops.mean(noise, axis=axes, keepdims=True)
        deviation = ops.std(noise, axis=axes, keepdims=True)
        share = ops.reshape(parameters["proportion"], (-1, *[1] * len(size)))
        level = math.sqrt(2.0) * ops.erfinv(2.0 * share - 1.0)
        return noise < mean + level * deviation
