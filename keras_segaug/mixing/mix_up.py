from typing import Any

from keras_segaug import checks
from keras_segaug.core.mixing_layer import MixingLayer
from keras_segaug.engine.operations import Blend


class JointMixUp(MixingLayer):
    """Blends each image with another one of the batch.

    Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018: the weight of a sample is
    drawn from the beta distribution of `alpha` and `alpha`; its partner has the rest to 1.

    Args:
        alpha: above 0. Small: nearly always almost only one of the two; 1: every weight is equally
            likely; large: about half of each.
        masks: what happens to masks. "soft": they are blended like the images, which needs one-hot
            masks of floats (their sum stays 1); per-pixel weights are blended as well. Put the
            layers that come after this one into the same `Pipeline`, since a call refuses
            fractional masks. "larger": the masks of the sample with the larger weight are taken,
            class ids or one-hot, with its per-pixel weights.
        **kwargs: see `MixingLayer`.

    Raises:
        ValueError: for class ids, and for weights that are not floats, where masks are "soft"; for
            images without a batch axis.

    Example:

    >>> mix = keras_segaug.JointMixUp(masks="soft", seed=1)
    >>> masks = np.eye(3, dtype="float32")[np.ones((4, 8, 8), int)]
    >>> images, masks = mix(np.zeros((4, 8, 8, 3), "uint8"), masks)
    >>> float(np.asarray(masks).sum(-1).max())
    1.0
    """

    def __init__(self, *, alpha: float = 0.2, masks: str = "larger", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = checks.number(self, "alpha", alpha)
        if self.alpha <= 0.0:
            checks.fail(self, "alpha", "a number above 0", alpha)
        self.masks = checks.one_of(self, "masks", masks, ("soft", "larger"))

    def draw(self, draws):
        [partner] = draws.partners(1, self.across_shards)
        return {"partner": partner, "weight": draws.beta(self.alpha)}

    def plan(self, parameters, spec):
        if parameters is None:
            return []
        source, weight = parameters["partner"], parameters["weight"]
        return [Blend(source=source, weight=weight, larger=self.masks == "larger")]
