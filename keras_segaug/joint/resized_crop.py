import math
from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import JointLayer, inside_window
from keras_segaug.kernels import matrices
from keras_segaug.kernels.windows import (
    Confined,
    Window,
    central_window_of_aspect,
    offset,
    rounded,
    stretched,
    whole_image,
)


class JointRandomResizedCrop(JointLayer):
    """Cuts a window of random area and aspect out of image and mask, and resizes it.

    What torchvision's `RandomResizedCrop` does, without trying windows until one fits. The window's
    area `a`, as a share of the image's, is uniform in `scale`. Its aspect (width by height) is
    log-uniform in the part of `ratio` with which a window of this area lies inside an image of
    height H and width W: between `a W / H` and `W / (a H)`. Where `ratio` has no such part, the
    aspect is the bound next to it, and the window is the largest one of that aspect. Height and
    width are rounded to whole pixels, and every place inside the image is equally likely. This is
    one lookup, which looks at no place beyond the window, as if it had been cut out first (only a
    bicubic also blends up to two pixels beyond it); the border settings have no effect.

    The result has a known size even where the image's size is not known. At inference the largest
    window in the middle with the aspect of the result is resized.

    Args:
        height: the result's height in pixels; or a pair (height, width).
        width: the result's width in pixels. None: the same as the height.
        scale: a pair (lower, upper) in [0, 1]: the window's share of the area.
        ratio: a pair (lower, upper) of numbers above 0: the window's width by its height.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> crop = keras_segaug.JointRandomResizedCrop(8, 8, scale=(0.2, 1.0))
    >>> images, masks = crop(np.zeros((2, 12, 16, 3), "uint8"), np.ones((2, 12, 16), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8)
    """

    def __init__(
        self,
        height: int | Sequence[int],
        width: int | None = None,
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.height, self.width = checks.window_size(self, height, width)
        self.scale = checks.above_zero(self, "scale", scale, 1.0)
        self.ratio = checks.above_zero(self, "ratio", ratio, math.inf)

    def output_spec(self, spec):
        return spec.resized(self.height, self.width)

    def draw(self, draws):
        return {
            "area": draws.uniform(*self.scale),
            "aspect": draws.uniform(),
            "top": draws.uniform(),
            "left": draws.uniform(),
        }

    def plan(self, parameters, spec):
        drawn = parameters and self._shown(self._window(parameters, spec.size))
        result = self.height, self.width
        rest = self._shown(central_window_of_aspect(whole_image(spec.size), result))
        return self._warp(spec, drawn, rest, **inside_window(self.interpolation))

    def _shown(self, window):
        return Confined(stretched(window, whole_image((self.height, self.width))), window)

    def _window(self, parameters, size):
        tall, wide = map(matrices.as_float, size)
        lower, upper = (math.log(bound) for bound in self.ratio)
        image, room = _log(wide / tall), ops.log(parameters["area"])
        # Where no aspect in `ratio` fits, both ends are the bound that comes nearest.
        first = ops.clip(image + room, lower, upper)
        last = ops.clip(image - room, lower, upper)
        aspect = ops.exp(first + parameters["aspect"] * (last - first))
        area = ops.minimum(
            parameters["area"] * (tall * wide),
            ops.minimum(tall * tall * aspect, wide * wide / aspect),
        )
        height = ops.minimum(rounded(ops.sqrt(area / aspect)), tall)
        width = ops.minimum(rounded(ops.sqrt(area * aspect)), wide)
        sides = zip(("top", "left"), size, (height, width), strict=True)
        start = tuple(offset(parameters[side], n, length) for side, n, length in sides)
        return Window(start, (height, width))


def _log(number):
    return math.log(number) if isinstance(number, float) else ops.log(number)
