from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.engine.spec import Spec
from keras_segaug.kernels import matrices


class JointPadding(JointLayer):
    """Enlarges image and mask to a size, or to a multiple, in training and at inference.

    The added pixels are filled as `fill_mode` says; with "constant" the mask can be marked there:
    `mask_fill_value=255` and `ignore_class=255` in the loss. Pixels are copied. Deterministic:
    takes no `probability`.

    Args:
        height: the new height in pixels. The result has this size even where the image's size is
            not known. A larger image is refused; where its size is not known beforehand, it is cut.
        width: the new width in pixels. None: the same as the height, unless that is a pair (height,
            width).
        multiple: instead of a size: height and width grow to the next multiple of this
            number, or of a pair of numbers (for the height, for the width).
        position: where the image lies in the result, "center" or "top_left".
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> padding = keras_segaug.JointPadding(multiple=32, fill_mode="constant")
    >>> images, masks = padding(np.zeros((2, 50, 64, 3), "uint8"), np.ones((2, 50, 64), "uint8"))
    >>> tuple(masks.shape)
    (2, 64, 64)
    """

    random = False

    def __init__(
        self,
        height: int | Sequence[int] | None = None,
        width: int | None = None,
        multiple: int | Sequence[int] | None = None,
        position: str = "center",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.height: Any = height
        self.width: Any = width
        self.multiple: Any = multiple
        if (height, width, multiple) == (None, None, None):
            checks.fail(self, "height", "given, or `multiple` instead, such as 32", height)
        if multiple is None:
            self.height, self.width = checks.window_size(self, height, width)
        elif height is not None or width is not None:
            checks.fail(self, "multiple", "None where `height` and `width` are given", multiple)
        else:
            self.multiple = checks.positive_pair(self, "multiple", multiple)
        self.position = checks.one_of(self, "position", position, ("center", "top_left"))

    def output_spec(self, spec):
        if self.multiple is None:
            self._check_room(*spec.size)
            return spec.resized(self.height, self.width)
        pairs = zip(spec.size, self.multiple, strict=True)
        return spec.resized(*(None if n is None else -(-n // step) * step for n, step in pairs))

    def matrix(self, parameters, size):
        if self.position == "top_left":
            return matrices.translation(0.0, 0.0, whole=True)
        return matrices.central_window(size, self.output_spec(Spec(size)).size)

    def _check_room(self, height, width):
        if any(
            isinstance(size, int) and size > room
            for size, room in ((height, self.height), (width, self.width))
        ):
            raise ValueError(
                f"JointPadding: the image must not be larger than height={self.height} x "
                f"width={self.width}. Received an image of {height} x {width}. Pad to a "
                "`multiple`, or make it smaller with JointResizing or JointCenterCrop."
            )
