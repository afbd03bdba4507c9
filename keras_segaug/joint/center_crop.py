from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.kernels import matrices


class JointCenterCrop(JointLayer):
    """Cuts the middle out of image and mask, in training and at inference.

    Pixels are copied. An image smaller than the window is placed in its middle, and the rest is
    filled as `fill_mode` says. Deterministic: takes no `probability`.

    Args:
        height: the window's height in pixels; or a pair (height, width).
        width: the window's width in pixels. None: the same as the height.
        pad: False refuses an image smaller than the window (where its size is known beforehand;
            otherwise it is filled anyway).
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> crop = keras_segaug.JointCenterCrop(4, 6)
    >>> images, masks = crop(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 4, 6)
    """

    random = False

    def __init__(
        self, height: int | Sequence[int], width: int | None = None, pad: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.height, self.width = checks.window_size(self, height, width)
        self.pad = checks.truth(self, "pad", pad)

    def output_spec(self, spec):
        if not self.pad:
            checks.holds_window(self, spec.size, (self.height, self.width))
        return spec.resized(self.height, self.width)

    def matrix(self, parameters, size):
        return matrices.central_window(size, (self.height, self.width))
