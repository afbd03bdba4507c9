"""Augmentations as they were published, and some for common kinds of images, as pipelines.

Each function returns a `Pipeline`: `print` shows its layers, `pipeline.layers` is a list from which
to make another one, and it is saved, applied and nested like any other.
"""

from keras_segaug.recipes.kinds_of_images import aerial as aerial
from keras_segaug.recipes.kinds_of_images import medical_slices as medical_slices
from keras_segaug.recipes.kinds_of_images import microscopy as microscopy
from keras_segaug.recipes.kinds_of_images import street as street
from keras_segaug.recipes.published import large_scale_jitter as large_scale_jitter
from keras_segaug.recipes.published import mmsegmentation as mmsegmentation
from keras_segaug.recipes.published import nnunet as nnunet
from keras_segaug.recipes.unimatch import unimatch_strong as unimatch_strong
from keras_segaug.recipes.unimatch import unimatch_weak as unimatch_weak

__all__ = [
    "aerial",
    "large_scale_jitter",
    "medical_slices",
    "microscopy",
    "mmsegmentation",
    "nnunet",
    "street",
    "unimatch_strong",
    "unimatch_weak",
]
