from typing import Any

from keras_segaug import checks
from keras_segaug.policies.policy import Policy


class JointRandAugment(Policy):
    """RandAugment: some random operations for each sample; geometry reaches image and mask alike.

    Cubuk et al., "RandAugment: practical automated data augmentation with a reduced search space",
    NeurIPS 2020. Each sample draws `num_ops` of 14 operations, none twice: nothing, shear and
    translation along each axis, rotation, brightness, contrast, sharpness, saturation, posterize,
    solarize, autocontrast, equalize. The paper draws with replacement; its strength is one number,
    which here is the end of a range to draw from, to both sides (the paper finds no difference
    between the two). Colors never reach the mask. At inference nothing is applied.

    Args:
        num_ops: how many operations each sample gets, at most as many as there are.
        magnitude: see `Policy`: 1 is a rotation of up to 30 degrees, a shear of up to 0.3, a
            translation of up to 0.45 of the size, a factor of 0.1 to 1.9 for brightness, contrast,
            sharpness and saturation, 4 to 8 bits, any threshold.
        **kwargs: `layers`, `value_range`, `rgb`, `flip`, `class_swap`, `fill_mode`, `fill_value`,
            `mask_fill_value`, `interpolation`: see `Policy`; and those of `AugmentationLayer`.

    Example:

    >>> policy = keras_segaug.JointRandAugment(num_ops=2, magnitude=0.5, seed=1)
    >>> images, masks = policy(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8)
    """

    def __init__(self, num_ops: int = 2, magnitude: float = 0.5, **kwargs: Any) -> None:
        super().__init__(magnitude, **kwargs)
        self.num_ops = checks.positive_integer(self, "num_ops", num_ops)
        if self.num_ops > len(self.layers):
            accepted = f"at most {len(self.layers)}, the number of operations to choose among"
            checks.fail(self, "num_ops", accepted, num_ops)

    @property
    def _most_turns(self):
        return self.num_ops

    def draw(self, draws):
        return self._drawn_turns(draws, self.num_ops)
