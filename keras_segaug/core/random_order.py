"""All of several layers, in a random order."""

from keras_segaug.core import variates
from keras_segaug.core.turns import Turns


class RandomOrder(Turns):
    """Applies all of several layers to each sample, in an order of its own.

    The layers must keep the size and the mask's channels, and treat every sample separately. The
    program holds each layer once for every place that it may have, so N layers take N * N
    to compile; each sample computes only N colors. At inference nothing is applied.

    Args:
        layers: a list of keras_segaug layers, pipelines among them.
        **kwargs: see `AugmentationLayer`.

    Raises:
        ValueError: for layers that change the size, the mask's channels, or mix samples.

    Example:

    >>> distortion = keras_segaug.RandomOrder(
    ...     [keras_segaug.ImageOnlyBrightness(0.1), keras_segaug.ImageOnlyContrast(0.3)]
    ... )
    >>> images, masks = distortion(np.zeros((2, 8, 8, 3)), np.ones((2, 8, 8), "uint8"))
    >>> tuple(images.shape)
    (2, 8, 8, 3)
    """

    def draw(self, draws):
        count = len(self.layers)
        return {"turns": variates.order(draws.uniform, (1.0,) * count, count)}
