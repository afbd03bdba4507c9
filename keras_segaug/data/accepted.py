"""Which augmentations the functions of this folder accept."""

from keras_segaug import checks
from keras_segaug.checks.views import one_result
from keras_segaug.core.layer import AugmentationLayer


def a_layer(owner, augmentation):
    """The augmentation, if it is a layer of this package."""
    if not isinstance(augmentation, AugmentationLayer):
        checks.fail(owner, "augmentation", "a keras_segaug layer", augmentation, TypeError)
    return augmentation


def for_rows(owner, augmentation):
    """The augmentation, if it can move the image and the mask of a row, and nothing else."""
    one_result(owner, a_layer(owner, augmentation))
    if augmentation.targets:
        accepted = "a layer without `targets`: columns beside image and mask are not moved"
        checks.fail(owner, "augmentation", accepted, augmentation)
    if augmentation.data_format != "channels_last":
        kind = type(augmentation).__name__
        raise ValueError(
            f"{checks.name_of(owner)}: rows hold images (height, width, channels), so the "
            f'augmentation must have data_format="channels_last". Received: the {kind} '
            f"{augmentation.name!r} with {augmentation.data_format!r}."
        )
    return augmentation
