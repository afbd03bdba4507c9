"""What layers that mix samples require of a batch."""

import warnings

from keras_segaug import checks


def check(owner, inputs, acting):
    """Refuses single images where samples are mixed; warns once that one sample has no partner."""
    if not acting or not owner._mixes():
        return
    images = inputs.images
    check_batched(owner, tuple(images.shape))
    owner._refuse_values(inputs)
    if images.shape[0] == 1 and not owner._warned_of_one_sample:
        owner._warned_of_one_sample = True
        warnings.warn(
            f"{checks.name_of(owner)}: a batch of one sample is left as it is, since there is "
            "none to mix it with. Batch the dataset with more: dataset.batch(8).map(layer).",
            stacklevel=2,
        )


def one_sample(tool, augmentation):
    """Refuses layers that mix samples, for a tool that looks at one sample at a time."""
    if getattr(augmentation, "_mixes", bool)():
        raise ValueError(
            f"{checks.name_of(tool)}: each image must come from one sample. Received a "
            f"{type(augmentation).__name__} that mixes samples. From which sample each pixel comes "
            "`layer(data, return_mixing=True)` says; give the layers before and after it."
        )


def check_batched(owner, shape):
    """Refuses the shape of a single image where samples are mixed."""
    if owner._mixes() and len(shape) != 4:
        raise ValueError(
            f"{checks.name_of(owner)}: samples are mixed within a batch, so images must have the "
            f"shape (batch, height, width, channels). Received: {shape}. Batch first: "
            "dataset.batch(8).map(layer)."
        )
