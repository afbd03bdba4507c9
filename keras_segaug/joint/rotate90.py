from typing import Any

from keras_segaug import checks
from keras_segaug.checks import classes
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.core.types import ClassNames, ClassSwap
from keras_segaug.kernels import matrices


class JointRandomRotate90(JointLayer):
    """Turns image and mask by a random number of quarter turns; pixels are copied.

    All four orientations are equally likely for square images. An image that is
    not square would change its shape with an odd number of turns, which a batch
    cannot hold: it is turned by 0 or 180 degrees only, so nothing is cut off and
    nothing is filled.

    Args:
        mirror: also mirrors, with chance 1/2: all eight symmetries of a square are then equally
            likely, including transpositions.
        class_swap: the classes that change places where a sample is mirrored, as in
            `JointRandomFlip`.
        class_names: as in `JointRandomFlip`.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> turn = keras_segaug.JointRandomRotate90(seed=1)
    >>> images, masks = turn(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(images.shape)
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        mirror: bool = False,
        class_swap: ClassSwap | None = None,
        class_names: ClassNames | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mirror = checks.one_of(self, "mirror", mirror, (True, False))
        self.class_names = classes.class_names(self, class_names)
        self.class_swap = classes.class_swap(self, class_swap, self.class_names)

    def draw(self, draws):
        drawn = {"quarter_turns": draws.integer(4)}
        return {**drawn, "mirrored": draws.bernoulli(0.5)} if self.mirror else drawn

    def matrix(self, parameters, size):
        turn = matrices.quarter_turns(parameters["quarter_turns"], size)
        if not self.mirror:
            return turn
        return matrices.compose(turn, matrices.mirror({-1: parameters["mirrored"]}, size))
