import math
from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.engine.operations import Boxes, Piece
from keras_segaug.kernels import matrices
from keras_segaug.kernels.windows import offset, rounded
from keras_segaug.mixing.pasting import PastingLayer


class JointCutMix(PastingLayer):
    """Pastes rectangles of another image of the batch, with its masks.

    Yun et al., "CutMix", ICCV 2019; for masks French et al., "Semi-supervised semantic segmentation
    needs strong, varied perturbations", BMVC 2020. Each rectangle lies wholly inside the image,
    every place equally likely, and shows what the partner has at the same place. All masks and
    per-pixel weights are pasted like the image.

    Args:
        area: a pair (lower, upper) in [0, 1]: the share of the image that the rectangles cover,
            drawn uniformly for each sample; sides are rounded to whole pixels. Several rectangles
            share it evenly, and cover less where they overlap.
        ratio: a pair (lower, upper) of numbers above 0: a rectangle's width by its height, drawn
            log-uniformly, and changed where it would not fit into the image.
        count: how many rectangles to paste into each sample.
        **kwargs: see `MixingLayer`, and `ignore_class=255`: the class of pixels that are not
            pasted, so that no labels are lost; None pastes them, too.

    Raises:
        ValueError: for images without a batch axis.

    Example:

    >>> mix = keras_segaug.JointCutMix(area=(0.25, 0.25), seed=1)
    >>> masks = np.repeat(np.arange(4, dtype="uint8"), 64).reshape(4, 8, 8)
    >>> images, masks = mix(np.zeros((4, 8, 8, 3), "uint8"), masks)
    >>> [len(np.unique(mask)) for mask in np.asarray(masks)]
    [2, 2, 2, 2]
    """

    def __init__(
        self,
        *,
        area: Sequence[float] = (0.1, 0.5),
        ratio: Sequence[float] = (0.5, 2.0),
        count: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.area = checks.bounds(self, "area", area, 0.0, 1.0)
        self.ratio = checks.above_zero(self, "ratio", ratio, math.inf)
        self.count = checks.positive_integer(self, "count", count)

    def draw(self, draws):
        [partner] = draws.partners(1, self.across_shards)
        aspects = [math.log(bound) for bound in self.ratio]
        ranges = {"aspect": aspects, "top": (0.0, 1.0), "left": (0.0, 1.0)}
        drawn = {
            name: ops.stack([draws.uniform(*ends) for _ in range(self.count)], axis=1)
            for name, ends in ranges.items()
        }
        return {"partner": partner, "area": draws.uniform(*self.area), **drawn}

    def pieces(self, parameters, size):
        height, width = map(matrices.as_float, size)
        area = parameters["area"][:, None] * (height * width / self.count)
        # Neither wider nor higher than the image.
        widths = ops.sqrt(area * ops.exp(parameters["aspect"]))
        widths = ops.clip(widths, area / height, width)
        heights = _whole(area / ops.maximum(widths, 1e-6), height)
        lengths = heights, _whole(area / ops.maximum(heights, 1.0), width)
        triples = zip(("top", "left"), size, lengths, strict=True)
        starts = tuple(offset(parameters[name], n, length) for name, n, length in triples)
        nothing, region = matrices.identity(len(size)), Boxes(starts, lengths)
        return [Piece(nothing, parameters["partner"], region, parameters.get("shown"))]


def _whole(length, size):
    """Rounded to whole pixels; 0 stays 0."""
    return ops.minimum(ops.where(length > 0.0, rounded(length), 0.0), size)
