"""From a pair of `ImageDataGenerator`s to one pipeline that keeps image and mask together."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_segaug import checks
from keras_segaug.migration.arguments import OWNER, Arguments
from keras_segaug.migration.directory_call import check_flow, directory_call
from keras_segaug.migration.findings import examine
from keras_segaug.migration.steps import build_pipeline, compute_statistics, missing_statistics


def from_image_data_generator(
    image_arguments: Any,
    mask_arguments: Any = None,
    *,
    image_flow: Any = None,
    mask_flow: Any = None,
    value_range: Sequence[float] = (0, 255),
    seed: int | None = None,
) -> "Migration":
    """Turns the arguments of two `ImageDataGenerator`s into one pipeline, and says what changed.

    The pipeline draws from the same distributions, in the same units and order, by the documented
    meaning of each argument. Geometry is drawn once, from the image arguments, so image and mask
    move together; masks are looked up as nearest and get neither brightness nor `rescale`.

    Args:
        image_arguments: the dict of arguments the image generator was made with; or the
            generator; or what its `flow_from_directory` returned. Generators of Keras, of
            `tf.keras` and of Keras-Preprocessing are understood.
        mask_arguments: the same for the masks; None where both were made with the same dict.
        image_flow: where dicts are given: the dict of arguments of `flow_from_directory` for the
            images, with `directory`.
        mask_flow: the same for the masks.
        value_range: the (lowest, highest) value of the images before `rescale`.
        seed: of the pipeline.

    Returns:
        A `Migration`; print it.

    Example:

    >>> images_too = {"rotation_range": 20, "horizontal_flip": True, "rescale": 1 / 255}
    >>> masks_too = {"rotation_range": 20, "horizontal_flip": True, "interpolation_order": 0}
    >>> migration = keras_segaug.from_image_data_generator(images_too, masks_too)
    >>> [type(layer).__name__ for layer in migration.pipeline.layers]
    ['LegacyAffine', 'JointRandomFlip', 'ImageOnlyRescaling']
    >>> print(migration.report.about("rescale")[0].detail)
    after everything random, for the images only; now `ImageOnlyRescaling`.
    """
    images = Arguments("image_arguments", image_arguments)
    masks = images
    if mask_arguments is not None:
        masks = Arguments("mask_arguments", mask_arguments)
    flows = [
        check_flow("image_flow", image_flow) or images.flow,
        check_flow("mask_flow", mask_flow) or (masks.flow if masks is not images else None),
    ]
    if flows[1] and not flows[0]:
        checks.fail(OWNER, "image_flow", "given where `mask_flow` is", image_flow)
    return Migration(images, masks, flows, checks.value_range(OWNER, value_range), seed)


class Migration:
    """What `from_image_data_generator` returns; printed, it is the report.

    Attributes:
        pipeline: the `Pipeline` that does what the two generators were meant to do.
        report: its `findings`, one or more for each argument, each with its reason;
            `report.of("wrong")`, `.of("changed")`, `.of("kept")`, `.about("rescale")`.
        dataset_call: the code that reads the same folders, or None without
            `flow_from_directory`.
    """

    def __init__(self, images, masks, flows, value_range, seed):
        self._images = images
        self._masks = masks
        self._value_range = value_range
        self._seed = checks.seed(OWNER, seed)
        self._pipeline = None
        self.report = examine(images, masks)
        self.dataset_call = None
        if flows[0]:
            image_flow, mask_flow = flows
            self.dataset_call = directory_call(image_flow, mask_flow, images["validation_split"])
        if not missing_statistics(images):
            self._build()

    @property
    def pipeline(self):
        if self._pipeline is None:
            missing = ", ".join(missing_statistics(self._images))
            raise ValueError(
                f"Migration: {missing} needs statistics of the images. Call "
                "`migration.fit(images)` first, as you called `fit` of the generator."
            )
        return self._pipeline

    def fit(self, images):
        """Computes what `featurewise_*` and `zca_whitening` need, like `ImageDataGenerator.fit`.

        Args:
            images: an array (N, height, width, channels), before `rescale`.

        Returns:
            The migration itself.
        """
        images = np.asarray(images)
        if images.ndim != 4 or len(images) == 0:
            raise ValueError(
                "Migration.fit: `images` must have shape (N, height, width, channels), N at "
                f"least 1. Received shape {images.shape}."
            )
        compute_statistics(self._images, images)
        self.report = examine(self._images, self._masks)
        self._build()
        return self

    def _build(self):
        self._pipeline = build_pipeline(self._images, self._masks, self._value_range, self._seed)

    def __str__(self):
        parts = ["From ImageDataGenerator to keras_segaug", str(self.report)]
        if self._pipeline is not None:
            names = ", ".join(type(layer).__name__ for layer in self._pipeline.layers)
            parts.append(f"The pipeline: {names}")
        if self.dataset_call:
            parts.append("Instead of the two calls of flow_from_directory:\n\n" + self.dataset_call)
        return "\n\n".join(parts)

    __repr__ = __str__
