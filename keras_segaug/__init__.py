"""Keras layers that augment images and segmentation masks together.

Everything public is here: `keras_segaug.JointRandomFlip`, `keras_segaug.Pipeline`, ...
"""

import importlib
from typing import TYPE_CHECKING, Any

from keras_segaug import random as random
from keras_segaug import recipes as recipes
from keras_segaug.core.identity import Identity as Identity
from keras_segaug.core.layer import AugmentationLayer as AugmentationLayer
from keras_segaug.core.layer_types import ImageOnlyLayer as ImageOnlyLayer
from keras_segaug.core.layer_types import JointLayer as JointLayer
from keras_segaug.core.layer_types import MaskOnlyLayer as MaskOnlyLayer
from keras_segaug.core.mixing_layer import MixingLayer as MixingLayer
from keras_segaug.core.multi_view import MultiView as MultiView
from keras_segaug.core.pipeline import Pipeline as Pipeline
from keras_segaug.core.random_choice import RandomChoice as RandomChoice
from keras_segaug.core.random_order import RandomOrder as RandomOrder
from keras_segaug.core.some_of import SomeOf as SomeOf
from keras_segaug.image_only.auto_contrast import ImageOnlyAutoContrast as ImageOnlyAutoContrast
from keras_segaug.image_only.bias_field import ImageOnlyBiasField as ImageOnlyBiasField
from keras_segaug.image_only.brightness import ImageOnlyBrightness as ImageOnlyBrightness
from keras_segaug.image_only.channel_dropout import (
    ImageOnlyChannelDropout as ImageOnlyChannelDropout,
)
from keras_segaug.image_only.channel_shift import ImageOnlyChannelShift as ImageOnlyChannelShift
from keras_segaug.image_only.channel_shuffle import (
    ImageOnlyChannelShuffle as ImageOnlyChannelShuffle,
)
from keras_segaug.image_only.clahe import ImageOnlyCLAHE as ImageOnlyCLAHE
from keras_segaug.image_only.color_jitter import ImageOnlyColorJitter as ImageOnlyColorJitter
from keras_segaug.image_only.contrast import ImageOnlyContrast as ImageOnlyContrast
from keras_segaug.image_only.defocus_blur import ImageOnlyDefocusBlur as ImageOnlyDefocusBlur
from keras_segaug.image_only.equalize import ImageOnlyEqualize as ImageOnlyEqualize
from keras_segaug.image_only.erasing import ImageOnlyErasing as ImageOnlyErasing
from keras_segaug.image_only.fog import ImageOnlyFog as ImageOnlyFog
from keras_segaug.image_only.fourier_domain_adaptation import (
    ImageOnlyFourierDomainAdaptation as ImageOnlyFourierDomainAdaptation,
)
from keras_segaug.image_only.function import ImageOnlyLambda as ImageOnlyLambda
from keras_segaug.image_only.gamma import ImageOnlyGamma as ImageOnlyGamma
from keras_segaug.image_only.gaussian_blur import ImageOnlyGaussianBlur as ImageOnlyGaussianBlur
from keras_segaug.image_only.gaussian_noise import ImageOnlyGaussianNoise as ImageOnlyGaussianNoise
from keras_segaug.image_only.grayscale import ImageOnlyGrayscale as ImageOnlyGrayscale
from keras_segaug.image_only.grid_dropout import ImageOnlyGridDropout as ImageOnlyGridDropout
from keras_segaug.image_only.histogram_matching import (
    ImageOnlyHistogramMatching as ImageOnlyHistogramMatching,
)
from keras_segaug.image_only.hue import ImageOnlyHue as ImageOnlyHue
from keras_segaug.image_only.invert import ImageOnlyInvert as ImageOnlyInvert
from keras_segaug.image_only.jpeg_compression import (
    ImageOnlyJPEGCompression as ImageOnlyJPEGCompression,
)
from keras_segaug.image_only.low_resolution import ImageOnlyLowResolution as ImageOnlyLowResolution
from keras_segaug.image_only.median_blur import ImageOnlyMedianBlur as ImageOnlyMedianBlur
from keras_segaug.image_only.motion_blur import ImageOnlyMotionBlur as ImageOnlyMotionBlur
from keras_segaug.image_only.normalization import ImageOnlyNormalization as ImageOnlyNormalization
from keras_segaug.image_only.percentile_rescaling import (
    ImageOnlyPercentileRescaling as ImageOnlyPercentileRescaling,
)
from keras_segaug.image_only.posterize import ImageOnlyPosterize as ImageOnlyPosterize
from keras_segaug.image_only.rescaling import ImageOnlyRescaling as ImageOnlyRescaling
from keras_segaug.image_only.salt_and_pepper import ImageOnlySaltAndPepper as ImageOnlySaltAndPepper
from keras_segaug.image_only.saturation import ImageOnlySaturation as ImageOnlySaturation
from keras_segaug.image_only.shadow import ImageOnlyShadow as ImageOnlyShadow
from keras_segaug.image_only.sharpness import ImageOnlySharpness as ImageOnlySharpness
from keras_segaug.image_only.shot_noise import ImageOnlyShotNoise as ImageOnlyShotNoise
from keras_segaug.image_only.solarize import ImageOnlySolarize as ImageOnlySolarize
from keras_segaug.image_only.speckle_noise import ImageOnlySpeckleNoise as ImageOnlySpeckleNoise
from keras_segaug.image_only.vignetting import ImageOnlyVignetting as ImageOnlyVignetting
from keras_segaug.joint.affine import JointRandomAffine as JointRandomAffine
from keras_segaug.joint.center_crop import JointCenterCrop as JointCenterCrop
from keras_segaug.joint.elastic_transform import (
    JointRandomElasticTransform as JointRandomElasticTransform,
)
from keras_segaug.joint.erasing import JointRandomErasing as JointRandomErasing
from keras_segaug.joint.flip import JointRandomFlip as JointRandomFlip
from keras_segaug.joint.grid_distortion import (
    JointRandomGridDistortion as JointRandomGridDistortion,
)
from keras_segaug.joint.lens_distortion import (
    JointRandomLensDistortion as JointRandomLensDistortion,
)
from keras_segaug.joint.padding import JointPadding as JointPadding
from keras_segaug.joint.perspective import JointRandomPerspective as JointRandomPerspective
from keras_segaug.joint.random_crop import JointRandomCrop as JointRandomCrop
from keras_segaug.joint.resized_crop import JointRandomResizedCrop as JointRandomResizedCrop
from keras_segaug.joint.resizing import JointResizing as JointResizing
from keras_segaug.joint.rotate90 import JointRandomRotate90 as JointRandomRotate90
from keras_segaug.joint.rotation import JointRandomRotation as JointRandomRotation
from keras_segaug.joint.scale_crop import JointRandomScaleCrop as JointRandomScaleCrop
from keras_segaug.joint.shear import JointRandomShear as JointRandomShear
from keras_segaug.joint.translation import JointRandomTranslation as JointRandomTranslation
from keras_segaug.joint.zoom import JointRandomZoom as JointRandomZoom
from keras_segaug.mask_only.color_to_class import MaskOnlyColorToClass as MaskOnlyColorToClass
from keras_segaug.mask_only.one_hot import MaskOnlyOneHot as MaskOnlyOneHot
from keras_segaug.mixing.class_mix import JointClassMix as JointClassMix
from keras_segaug.mixing.copy_paste import JointCopyPaste as JointCopyPaste
from keras_segaug.mixing.cow_mix import JointCowMix as JointCowMix
from keras_segaug.mixing.cut_mix import JointCutMix as JointCutMix
from keras_segaug.mixing.mix_up import JointMixUp as JointMixUp
from keras_segaug.mixing.mosaic import JointMosaic as JointMosaic
from keras_segaug.policies.aug_mix import ImageOnlyAugMix as ImageOnlyAugMix
from keras_segaug.policies.rand_augment import JointRandAugment as JointRandAugment
from keras_segaug.policies.trivial_augment import JointTrivialAugment as JointTrivialAugment
from keras_segaug.version import __version__ as __version__

if TYPE_CHECKING:
    from keras_segaug.data.augment import augment_dataset as augment_dataset
    from keras_segaug.data.directory import (
        segmentation_dataset_from_directory as segmentation_dataset_from_directory,
    )
    from keras_segaug.data.source import (
        segmentation_source_from_directory as segmentation_source_from_directory,
    )
    from keras_segaug.inspect.alignment.alignment import check_alignment as check_alignment
    from keras_segaug.inspect.gallery import plot_gallery as plot_gallery
    from keras_segaug.migration.migration import (
        from_image_data_generator as from_image_data_generator,
    )
    from keras_segaug.training.augmented_model import AugmentedModel as AugmentedModel
    from keras_segaug.training.export import export as export
    from keras_segaug.training.export import export_augmentation as export_augmentation
    from keras_segaug.training.monitor import AugmentationMonitor as AugmentationMonitor
    from keras_segaug.training.parameters_file import load_parameters as load_parameters
    from keras_segaug.training.parameters_file import save_parameters as save_parameters
    from keras_segaug.training.schedule_callback import AugmentationSchedule as AugmentationSchedule
    from keras_segaug.training.schedules import CosineSchedule as CosineSchedule
    from keras_segaug.training.schedules import LinearSchedule as LinearSchedule
    from keras_segaug.training.test_time_augmentation import (
        TestTimeAugmentation as TestTimeAugmentation,
    )

# Tools that a training run needs once or never are imported on first use.
_TOOLS = {
    "AugmentedModel": "training.augmented_model",
    "AugmentationMonitor": "training.monitor",
    "AugmentationSchedule": "training.schedule_callback",
    "CosineSchedule": "training.schedules",
    "LinearSchedule": "training.schedules",
    "TestTimeAugmentation": "training.test_time_augmentation",
    "augment_dataset": "data.augment",
    "check_alignment": "inspect.alignment.alignment",
    "export": "training.export",
    "export_augmentation": "training.export",
    "from_image_data_generator": "migration.migration",
    "load_parameters": "training.parameters_file",
    "plot_gallery": "inspect.gallery",
    "save_parameters": "training.parameters_file",
    "segmentation_dataset_from_directory": "data.directory",
    "segmentation_source_from_directory": "data.source",
}

__all__ = [
    "AugmentationLayer",
    "AugmentationMonitor",
    "AugmentationSchedule",
    "AugmentedModel",
    "CosineSchedule",
    "Identity",
    "ImageOnlyAugMix",
    "ImageOnlyAutoContrast",
    "ImageOnlyBiasField",
    "ImageOnlyBrightness",
    "ImageOnlyCLAHE",
    "ImageOnlyChannelDropout",
    "ImageOnlyChannelShift",
    "ImageOnlyChannelShuffle",
    "ImageOnlyColorJitter",
    "ImageOnlyContrast",
    "ImageOnlyDefocusBlur",
    "ImageOnlyEqualize",
    "ImageOnlyErasing",
    "ImageOnlyFog",
    "ImageOnlyFourierDomainAdaptation",
    "ImageOnlyGamma",
    "ImageOnlyGaussianBlur",
    "ImageOnlyGaussianNoise",
    "ImageOnlyGrayscale",
    "ImageOnlyGridDropout",
    "ImageOnlyHistogramMatching",
    "ImageOnlyHue",
    "ImageOnlyInvert",
    "ImageOnlyJPEGCompression",
    "ImageOnlyLambda",
    "ImageOnlyLayer",
    "ImageOnlyLowResolution",
    "ImageOnlyMedianBlur",
    "ImageOnlyMotionBlur",
    "ImageOnlyNormalization",
    "ImageOnlyPercentileRescaling",
    "ImageOnlyPosterize",
    "ImageOnlyRescaling",
    "ImageOnlySaltAndPepper",
    "ImageOnlySaturation",
    "ImageOnlyShadow",
    "ImageOnlySharpness",
    "ImageOnlyShotNoise",
    "ImageOnlySolarize",
    "ImageOnlySpeckleNoise",
    "ImageOnlyVignetting",
    "JointCenterCrop",
    "JointClassMix",
    "JointCopyPaste",
    "JointCowMix",
    "JointCutMix",
    "JointLayer",
    "JointMixUp",
    "JointMosaic",
    "JointPadding",
    "JointRandAugment",
    "JointRandomAffine",
    "JointRandomCrop",
    "JointRandomElasticTransform",
    "JointRandomErasing",
    "JointRandomFlip",
    "JointRandomGridDistortion",
    "JointRandomLensDistortion",
    "JointRandomPerspective",
    "JointRandomResizedCrop",
    "JointRandomRotate90",
    "JointRandomRotation",
    "JointRandomScaleCrop",
    "JointRandomShear",
    "JointRandomTranslation",
    "JointRandomZoom",
    "JointResizing",
    "JointTrivialAugment",
    "LinearSchedule",
    "MaskOnlyColorToClass",
    "MaskOnlyLayer",
    "MaskOnlyOneHot",
    "MixingLayer",
    "MultiView",
    "Pipeline",
    "RandomChoice",
    "RandomOrder",
    "SomeOf",
    "TestTimeAugmentation",
    "__version__",
    "augment_dataset",
    "check_alignment",
    "export",
    "export_augmentation",
    "from_image_data_generator",
    "load_parameters",
    "plot_gallery",
    "random",
    "recipes",
    "save_parameters",
    "segmentation_dataset_from_directory",
    "segmentation_source_from_directory",
]


def __getattr__(name: str) -> Any:
    if name not in _TOOLS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_TOOLS[name]}"), name)


def __dir__() -> list[str]:
    return __all__
