from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.core.types import Range
from keras_segaug.kernels.windows import (
    Confined,
    Window,
    least,
    offset,
    rounded,
    stretched,
    whole_image,
)


class JointRandomScaleCrop(JointLayer):
    """Large-scale jitter: scales the image, then crops or pads it to a fixed size.

    At scale 1 the image just fits into height x width, its aspect kept; at scale 2
    it is twice as large and a random window of it is shown; at 0.5 it lies in the
    middle, and the rest is filled as `fill_mode` says. Each axis is rounded to whole
    pixels and cropped or padded by itself (Ghiasi et al., "Simple copy-paste is a
    strong data augmentation method for instance segmentation", CVPR 2021, section 3).
    One lookup. The result has a known size, also where the image's is not known. At
    inference the scale is 1.

    Args:
        height: the result's height in pixels; or a pair (height, width).
        width: the result's width in pixels. None: that of the height, a square.
        scale: a pair (lower, upper) of numbers above 0, drawn uniformly between;
            a float `f` below 1 means (1 - f, 1 + f).
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> jitter = keras_segaug.JointRandomScaleCrop(8, 8, scale=(0.5, 2.0))
    >>> images, masks = jitter(np.zeros((2, 12, 16, 3), "uint8"), np.ones((2, 12, 16), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8)
    """

    def __init__(
        self,
        height: int | Sequence[int],
        width: int | None = None,
        scale: Range = (0.1, 2.0),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.height, self.width = checks.window_size(self, height, width)
        self.scale = checks.range_around_one(self, "scale", scale)

    def output_spec(self, spec):
        return spec.resized(self.height, self.width)

    def draw(self, draws):
        return {
            "scale": draws.uniform(*self.scale),
            "top": draws.uniform(),
            "left": draws.uniform(),
        }

    def plan(self, parameters, spec):
        one = {"scale": 1.0, "top": 0.0, "left": 0.0}
        rest = self._scaled(one, spec.size)
        return self._warp(spec, parameters and self._scaled(parameters, spec.size), rest)

    def _scaled(self, parameters, size):
        whole, result = whole_image(size), (self.height, self.width)
        fit = least(*(n / length for n, length in zip(result, whole.size, strict=True)))
        shown = [rounded(length * fit * parameters["scale"]) for length in whole.size]
        start = [
            -offset(parameters[side], length, n)
            for side, length, n in zip(("top", "left"), shown, result, strict=True)
        ]
        matrix = stretched(whole, Window(tuple(start), tuple(shown)))
        return Confined(matrix, whole, separate=self.fill_mode == "constant")
