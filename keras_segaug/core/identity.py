"""The layer that does nothing."""

from keras_segaug.core.layer import AugmentationLayer


class Identity(AugmentationLayer):
    """Leaves image and mask as they are, in training and at inference.

    A branch of `RandomChoice` for "or nothing", and a placeholder. It is deterministic and takes no
    `probability`.

    Args:
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> maybe = keras_segaug.RandomChoice(
    ...     [keras_segaug.Identity(), keras_segaug.ImageOnlyGamma(0.2)], weights=[3, 1]
    ... )
    >>> images, masks = maybe(np.zeros((2, 8, 8, 3)), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8)
    """

    random = False

    def plan(self, parameters, spec):
        return []
