from keras_segaug import checks
from keras_segaug.backend import ops
from keras_segaug.kernels import matrices
from keras_segaug.kinds import JointLayer


class JointRandomCrop(JointLayer):
    """Cuts the same random window out of image and mask.

    Every sample has a window of its own; pixels are copied. A picture smaller than
    the window is put in its middle, the rest is filled as `fill_mode` says. At
    inference, and for samples that `probability` leaves alone, the window is the
    middle one.

    Args:
        height: the window's height in pixels.
        width: the window's width in pixels.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> crop = keras_segaug.JointRandomCrop(4, 6)
    >>> images, masks = crop(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 4, 6)
    """

    exact = True

    def __init__(self, height, width, **kwargs):
        super().__init__(**kwargs)
        self.height = checks.positive_integer(self, "height", height)
        self.width = checks.positive_integer(self, "width", width)

    def output_size(self, height, width):
        return self.height, self.width

    def copies(self, height, width):
        return matrices.has_room(height, width, self.height, self.width)

    def draw(self, draws):
        # Fractions of the free room: the window is placed once the picture's size is known.
        return {"top": draws.uniform(), "left": draws.uniform()}

    def matrix(self, parameters, height, width):
        top = _offset(parameters["top"], height, self.height)
        left = _offset(parameters["left"], width, self.width)
        return matrices.translation(left, top)

    def rest_matrix(self, height, width):
        return matrices.central_window(height, width, self.height, self.width)


def _offset(fraction, size, window):
    """The first pixel of the window; below 0, to put it about a picture that is smaller."""
    room = matrices.as_float(size) - window
    return ops.where(room > 0.0, ops.floor(fraction * (room + 1.0)), ops.floor(room / 2.0))
