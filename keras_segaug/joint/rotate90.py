from keras_segaug.backend import ops
from keras_segaug.kernels import matrices
from keras_segaug.kinds import JointLayer


class JointRandomRotate90(JointLayer):
    """Turns image and mask by a random number of quarter turns; pixels are copied.

    All four orientations are equally likely for square pictures. A picture that is
    not square would change its shape with an odd number of turns, which a batch
    cannot hold: it is turned by 0 or 180 degrees only, so nothing is cut off and
    nothing is filled.

    Args:
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> turn = keras_segaug.JointRandomRotate90(seed=1)
    >>> images, masks = turn(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(images.shape)
    (2, 8, 8, 3)
    """

    exact = True
    leaves_picture = False

    def draw(self, draws):
        return {"quarter_turns": draws.integer(4)}

    def matrix(self, parameters, height, width):
        turns = parameters["quarter_turns"]
        turns = ops.where(ops.equal(height, width), turns, turns - turns % 2)
        # Exact in float32, which the cosine of half pi is not.
        cosine = ops.cast(ops.abs(turns - 2) - 1, "float32")
        sine = ops.cast((turns % 2) * (2 - turns), "float32")
        if isinstance(height, int) and isinstance(width, int) and height != width:
            sine = 0.0
        turn = ((cosine, -sine, 0.0), (sine, cosine, 0.0), (0.0, 0.0, 1.0))
        return matrices.centred(turn, height, width)
