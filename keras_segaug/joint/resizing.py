from keras_segaug import checks
from keras_segaug.kernels import matrices
from keras_segaug.kinds import JointLayer


class JointResizing(JointLayer):
    """Resizes image and mask, in training and at inference.

    The image is interpolated, the mask takes the nearest pixel. Pixels are areas, as
    in `tf.image.resize`: the outer edges of the pictures coincide. Deterministic:
    takes no `probability`. The border settings play no part.

    Args:
        height: the new height in pixels.
        width: the new width in pixels.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> resizing = keras_segaug.JointResizing(4, 6)
    >>> images, masks = resizing(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 4, 6)
    """

    random = False

    def __init__(self, height, width, **kwargs):
        super().__init__(**kwargs)
        self.height = checks.positive_integer(self, "height", height)
        self.width = checks.positive_integer(self, "width", width)

    def output_size(self, height, width):
        return self.height, self.width

    def lookup(self):
        # The outermost points lie within half a pixel outside: no fill may blend in there.
        return self.interpolation, "reflect", None, None

    def matrix(self, parameters, height, width):
        x = matrices.as_float(width) / self.width
        y = matrices.as_float(height) / self.height
        half = matrices.translation(0.5, 0.5)
        back = matrices.translation(-0.5, -0.5)
        return matrices.compose(back, matrices.scaling(x, y), half)
