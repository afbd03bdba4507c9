"""Keras layers that augment images and segmentation masks together.

Everything public is here: `keras_segaug.JointRandomFlip`, `keras_segaug.Pipeline`, ...
"""

import importlib

from keras_segaug.core import random
from keras_segaug.core.identity import Identity
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.layer_types import ImageOnlyLayer, JointLayer, MaskOnlyLayer
from keras_segaug.core.pipeline import Pipeline, RandomChoice
from keras_segaug.image_only.brightness import ImageOnlyBrightness
from keras_segaug.image_only.color_jitter import ImageOnlyColorJitter
from keras_segaug.image_only.contrast import ImageOnlyContrast
from keras_segaug.image_only.gamma import ImageOnlyGamma
from keras_segaug.image_only.gaussian_blur import ImageOnlyGaussianBlur
from keras_segaug.image_only.gaussian_noise import ImageOnlyGaussianNoise
from keras_segaug.image_only.hue import ImageOnlyHue
from keras_segaug.image_only.normalization import ImageOnlyNormalization
from keras_segaug.image_only.rescaling import ImageOnlyRescaling
from keras_segaug.image_only.saturation import ImageOnlySaturation
from keras_segaug.joint.affine import JointRandomAffine
from keras_segaug.joint.center_crop import JointCenterCrop
from keras_segaug.joint.elastic_transform import JointRandomElasticTransform
from keras_segaug.joint.erasing import JointRandomErasing
from keras_segaug.joint.flip import JointRandomFlip
from keras_segaug.joint.grid_distortion import JointRandomGridDistortion
from keras_segaug.joint.lens_distortion import JointRandomLensDistortion
from keras_segaug.joint.padding import JointPadding
from keras_segaug.joint.perspective import JointRandomPerspective
from keras_segaug.joint.random_crop import JointRandomCrop
from keras_segaug.joint.resized_crop import JointRandomResizedCrop
from keras_segaug.joint.resizing import JointResizing
from keras_segaug.joint.rotate90 import JointRandomRotate90
from keras_segaug.joint.rotation import JointRandomRotation
from keras_segaug.joint.scale_crop import JointRandomScaleCrop
from keras_segaug.joint.shear import JointRandomShear
from keras_segaug.joint.translation import JointRandomTranslation
from keras_segaug.joint.zoom import JointRandomZoom
from keras_segaug.mask_only.color_to_class import MaskOnlyColorToClass
from keras_segaug.mask_only.one_hot import MaskOnlyOneHot
from keras_segaug.version import __version__

# What a training run needs once or never is imported when it is asked for.
_TOOLS = {
    "augment_dataset": "data.augment",
    "check_alignment": "inspect.alignment.alignment",
    "from_image_data_generator": "migration.migration",
    "plot_gallery": "inspect.gallery",
    "segmentation_dataset_from_directory": "data.directory",
}


def __getattr__(name):
    if name not in _TOOLS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_TOOLS[name]}"), name)


def __dir__():
    return sorted([*globals(), *_TOOLS])
