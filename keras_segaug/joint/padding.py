from keras_segaug import checks, window_checks
from keras_segaug.kernels import matrices
from keras_segaug.kinds import JointLayer


class JointPadding(JointLayer):
    """Enlarges image and mask to a size, or to a multiple, in training and at inference.

    What is added is filled as `fill_mode` says; with "constant" the mask can be marked
    there: `mask_fill_value=255` and `ignore_class=255` in the loss. Pixels are copied.
    Deterministic: takes no `probability`.

    Args:
        height: the new height in pixels. The result has this size, also where the
            picture's is not known. A larger picture is refused; where its size is
            not known beforehand, it is cut.
        width: the new width in pixels. None: that of the height, which may be a pair
            (height, width).
        multiple: instead of a size: height and width grow to the next multiple of this
            number, or of a pair of numbers (for the height, for the width).
        position: where the picture lies in the result, "center" or "top_left".
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> padding = keras_segaug.JointPadding(multiple=32, fill_mode="constant")
    >>> images, masks = padding(np.zeros((2, 50, 64, 3), "uint8"), np.ones((2, 50, 64), "uint8"))
    >>> tuple(masks.shape)
    (2, 64, 64)
    """

    random = False
    exact = True

    def __init__(self, height=None, width=None, multiple=None, position="center", **kwargs):
        super().__init__(**kwargs)
        self.height, self.width, self.multiple = height, width, multiple
        if (height, width, multiple) == (None, None, None):
            checks.fail(self, "height", "given, or `multiple` instead, such as 32", height)
        if multiple is None:
            self.height, self.width = window_checks.window_size(self, height, width)
        elif height is not None or width is not None:
            checks.fail(self, "multiple", "None where `height` and `width` are given", multiple)
        else:
            self.multiple = window_checks.positive_pair(self, "multiple", multiple)
        self.position = checks.one_of(self, "position", position, ("center", "top_left"))

    def output_size(self, height, width):
        if self.multiple is None:
            self._check_room(height, width)
            return self.height, self.width
        pairs = zip((height, width), self.multiple, strict=True)
        return tuple(None if size is None else -(-size // step) * step for size, step in pairs)

    def matrix(self, parameters, height, width):
        if self.position == "top_left":
            return matrices.translation(0.0, 0.0)
        return matrices.central_window(height, width, *self.output_size(height, width))

    def _check_room(self, height, width):
        if any(
            isinstance(size, int) and size > room
            for size, room in ((height, self.height), (width, self.width))
        ):
            raise ValueError(
                f"JointPadding: the picture must not be larger than height={self.height} x "
                f"width={self.width}. Received a picture of {height} x {width}. Pad to a "
                "`multiple`, or make it smaller with JointResizing or JointCenterCrop."
            )
