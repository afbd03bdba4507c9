from typing import Any

from keras_segaug import checks
from keras_segaug.checks import classes
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.core.types import ClassNames, ClassSwap
from keras_segaug.kernels import matrices

MODES = ("horizontal_and_vertical", "horizontal", "vertical")


class JointRandomFlip(JointLayer):
    """Mirrors image and mask, each axis with chance 1/2, drawn independently.

    Pixels are copied, never blended. Where left and right mean something (a mirrored
    `kidney_left` is an image of a right kidney), say with `class_swap` which classes
    change places, or do not flip.

    Args:
        mode: "horizontal" (left and right swap), "vertical" (top and bottom swap) or
            "horizontal_and_vertical": two independent draws, so all four outcomes are
            equally likely. (`keras.layers.RandomFlip` tosses one coin for both.)
        class_swap: `{left: right, ...}`, ids or names, or a list of such pairs: the classes that
            change places in the masks of mirrored samples only (flipping both axes is a half turn,
            not a mirroring). Index masks swap ids, one-hot masks swap channels; several masks are
            all swapped.
        class_names: the names that `class_swap` uses, in the order of the ids, or `{name: id}`.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> flip = keras_segaug.JointRandomFlip("horizontal", seed=1)
    >>> images, masks = flip(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8)
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        class_swap: ClassSwap | None = None,
        class_names: ClassNames | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mode = checks.one_of(self, "mode", mode, MODES)
        self.class_names = classes.class_names(self, class_names)
        self.class_swap = classes.class_swap(self, class_swap, self.class_names)

    def draw(self, draws):
        axes = self.mode.split("_and_")
        return {axis: draws.bernoulli(0.5) for axis in axes}

    def matrix(self, parameters, size):
        axes = {"vertical": -2, "horizontal": -1}
        return matrices.mirror({axes[name]: drawn for name, drawn in parameters.items()}, size)
