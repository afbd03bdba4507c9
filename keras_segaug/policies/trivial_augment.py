from typing import Any

from keras_segaug.policies.policy import Policy


class JointTrivialAugment(Policy):
    """TrivialAugment: one random operation of random strength for each sample.

    Mueller and Hutter, "TrivialAugment: tuning-free yet state-of-the-art data augmentation", ICCV
    2021. The operations are those of `JointRandAugment`, from no strength up to their widest
    range, so that there is nothing to tune. At inference nothing is applied.

    Args:
        magnitude: in [0, 1], how much of the widest ranges to use: see `Policy`.
        **kwargs: `layers`, `value_range`, `rgb`, `flip`, `class_swap`,
            `fill_mode`, `fill_value`, `mask_fill_value`, `interpolation`: see `Policy`; and
            those of `AugmentationLayer`.

    Example:

    >>> policy = keras_segaug.JointTrivialAugment(seed=1)
    >>> images, masks = policy(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8)
    """

    _most_turns = 1

    def __init__(self, magnitude: float = 1.0, **kwargs: Any) -> None:
        super().__init__(magnitude, **kwargs)

    def draw(self, draws):
        return self._drawn_turns(draws, 1)
