"""The augmentations of well-known frameworks and papers."""

from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.pipeline import Pipeline
from keras_segaug.core.random_choice import RandomChoice
from keras_segaug.core.types import ClassSwap, ValueRange
from keras_segaug.image_only.brightness import ImageOnlyBrightness
from keras_segaug.image_only.contrast import ImageOnlyContrast
from keras_segaug.image_only.gamma import ImageOnlyGamma
from keras_segaug.image_only.gaussian_blur import ImageOnlyGaussianBlur
from keras_segaug.image_only.gaussian_noise import ImageOnlyGaussianNoise
from keras_segaug.image_only.hue import ImageOnlyHue
from keras_segaug.image_only.invert import ImageOnlyInvert
from keras_segaug.image_only.low_resolution import ImageOnlyLowResolution
from keras_segaug.image_only.saturation import ImageOnlySaturation
from keras_segaug.joint.flip import JointRandomFlip
from keras_segaug.joint.random_crop import JointRandomCrop
from keras_segaug.joint.rotation import JointRandomRotation
from keras_segaug.joint.scale_crop import JointRandomScaleCrop
from keras_segaug.joint.zoom import JointRandomZoom
from keras_segaug.recipes.border import filled


def nnunet(
    size: int | Sequence[int],
    *,
    foreground_probability: float = 0.33,
    foreground_classes: Sequence[int] | None = None,
    class_swap: ClassSwap | None = None,
    ignore_class: int | None = 255,
    value_range: ValueRange = None,
    seed: int | None = None,
    **kwargs: Any,
) -> Pipeline:
    """What nnU-Net trains 2D networks with, for images of any number of channels.

    Source: Isensee et al., "nnU-Net", Nature Methods 18, 2021; version 2, the functions
    `get_training_transforms` and `configure_rotation_dummyDA_mirroring_and_inital_patch_size` of
    `nnUNetTrainer`. In this order, each with its chance for a sample: a crop (a share of 0.33 aimed
    at the foreground); a rotation by up to 180 degrees, or 15 where one side is more than 1.5 times
    the other (0.2); a zoom that shows 0.7 to 1.4 times as much (0.2); Gaussian noise (0.1); blur of
    sigma 0.5 to 1 pixels; brightness times 0.75 to 1.25 (0.15); contrast times 0.75 to 1.25 (0.15);
    a resolution of 0.5 to 1; gamma 0.7 to 1.5 of the inverted image (0.1), and of the image (0.3);
    flips of both axes. What a rotation or a zoom brings into the window is taken from the image, as
    nnU-Net's larger patches provide it.

    What differs: one draw serves all channels of a sample, where nnU-Net draws for each channel. In
    nnU-Net blur (0.2) and low resolution (0.25) reach each channel with chance 0.5; here they reach
    all channels of a sample, with chances 0.1 and 0.125. Gamma is uniform in its range (in nnU-Net
    half of all draws are below 1), works in `value_range`, not in the range of the image, and does
    not restore mean and deviation. In nnU-Net the deviation of the noise is at most 0.1 of the
    image's deviation; that is taken to be a quarter of `value_range`, so the noise has at most
    0.025 of it. Brightness scales the distance from the lowest value, where nnU-Net multiplies
    images of mean 0; contrast is clipped to `value_range`. An aimed window holds its pixel
    anywhere, not in the middle, and each sample draws whether its window is aimed; what lies
    outside the image is `ignore_class`, where nnU-Net fills with class 0.

    Args:
        size: of the result: (height, width), or a number for a square.
        foreground_probability: chance that a window holds foreground. 0 needs no masks.
        foreground_classes: the classes to aim for; each sample draws one of those that it has, as
            in nnU-Net. None: any pixel that is neither 0 nor `ignore_class`.
        class_swap: the classes that change places in mirrored samples, as in `JointRandomFlip`.
        ignore_class: the id of pixels without a label; what lies outside the image gets it. None:
            there is no such id, and class 0 is filled in.
        value_range: as in `Pipeline`; what lies outside the image gets its lowest value (0
            without one).
        seed: as in `Pipeline`.
        **kwargs: see `Pipeline`.

    Example:

    >>> pipeline = keras_segaug.recipes.nnunet((96, 64), foreground_classes=[1, 2], seed=1)
    >>> pipeline.layers[0].foreground_probability
    0.33
    >>> [layer.probability for layer in pipeline.layers]
    [1.0, 0.2, 0.2, 0.1, 0.1, 0.15, 0.15, 0.125, 0.1, 0.3, 1.0]
    """
    height, width = checks.window_size("nnunet", size, argument="size")
    border = filled("nnunet", value_range, ignore_class)
    turn = 15 / 360 if max(height, width) / min(height, width) > 1.5 else 0.5
    gamma = ImageOnlyGamma((0.7, 1.5))
    return Pipeline(
        [
            JointRandomCrop(
                height,
                width,
                foreground_probability=foreground_probability,
                foreground_classes=foreground_classes,
                ignore_class=ignore_class,
                **border,
            ),
            JointRandomRotation(turn, probability=0.2, **border),
            JointRandomZoom((-0.3, 0.4), probability=0.2, **border),
            ImageOnlyGaussianNoise((0.0, 0.025), probability=0.1),
            ImageOnlyGaussianBlur(kernel_size=None, sigma=(0.5, 1.0), probability=0.1),
            ImageOnlyBrightness(0.25, mode="multiplicative", probability=0.15),
            ImageOnlyContrast(0.25, probability=0.15),
            ImageOnlyLowResolution((0.5, 1.0), interpolation="bilinear", probability=0.125),
            Pipeline([ImageOnlyInvert(), gamma, ImageOnlyInvert()], probability=0.1),
            ImageOnlyGamma((0.7, 1.5), probability=0.3),
            JointRandomFlip(class_swap=class_swap),
        ],
        value_range=value_range,
        seed=seed,
        **kwargs,
    )


def mmsegmentation(
    crop_size: int | Sequence[int],
    *,
    class_swap: ClassSwap | None = None,
    ignore_class: int | None = 255,
    value_range: ValueRange = None,
    seed: int | None = None,
    **kwargs: Any,
) -> Pipeline:
    """What most configurations of mmsegmentation train with, for images of 3 channels.

    Source: open-mmlab's mmsegmentation 1.x, `configs/_base_/datasets` (Cityscapes, ADE20K, Pascal
    VOC) with `RandomResize`, `RandomCrop`, `RandomFlip` and `PhotoMetricDistortion`. In this order:
    a resize to 0.5 to 2 times the image; a crop in which no class fills more than 0.75, the first
    such of 10; left and right swapped (0.5); then, each with chance 0.5: brightness plus up to 32
    of 255; contrast (a product of all values) times 0.5 to 1.5; saturation times 0.5 to 1.5; a hue
    up to 36 degrees (18 of OpenCV's 180) away. The contrast comes before saturation and hue or
    after them, with equal chances.

    What differs: the ratio refers to the image's own size, where a configuration may name another
    one (2048 x 512 for ADE20K). Windows are judged by 16 x 16 of their points, and if none meets
    the limit, the one that comes nearest is taken, not the last. A smaller image lies in the
    middle, not in the upper left. The saturation is Keras' factor, uniform between 1/3 and 0.6, so
    the multiplier is within 0.5 to 1.5, but not uniform. Values are not rounded between the steps.

    Args:
        crop_size: of the result: (height, width), or a number for a square.
        class_swap: the classes that change places in mirrored samples, as in `JointRandomFlip`.
        ignore_class: the id of pixels without a label; what lies outside the image gets it. None:
            there is no such id, and class 0 is filled in.
        value_range: as in `Pipeline`; what lies outside the image gets its lowest value (0
            without one).
        seed: as in `Pipeline`.
        **kwargs: see `Pipeline`.

    Example:

    >>> pipeline = keras_segaug.recipes.mmsegmentation((512, 1024), seed=1)
    >>> pipeline.layers[0].scale, pipeline.layers[0].max_class_fraction
    ((0.5, 2.0), 0.75)
    """
    crop = JointRandomScaleCrop(
        checks.window_size("mmsegmentation", crop_size, argument="crop_size"),
        scale=(0.5, 2.0),
        relative_to="image",
        max_class_fraction=0.75,
        ignore_class=ignore_class,
        **filled("mmsegmentation", value_range, ignore_class),
    )

    def contrast():
        return ImageOnlyBrightness(0.5, mode="multiplicative", probability=0.5)

    def color():
        saturation = ImageOnlySaturation((1 / 3, 0.6), probability=0.5)
        return [saturation, ImageOnlyHue(0.2, probability=0.5)]

    return Pipeline(
        [
            crop,
            JointRandomFlip("horizontal", class_swap=class_swap),
            ImageOnlyBrightness(32 / 255, probability=0.5),
            RandomChoice([Pipeline([contrast(), *color()]), Pipeline([*color(), contrast()])]),
        ],
        value_range=value_range,
        seed=seed,
        **kwargs,
    )


def large_scale_jitter(
    size: int | Sequence[int],
    *,
    class_swap: ClassSwap | None = None,
    ignore_class: int | None = 255,
    value_range: ValueRange = None,
    seed: int | None = None,
    **kwargs: Any,
) -> Pipeline:
    """Large-scale jitter, for images of any number of channels.

    Source: Ghiasi et al., "Simple copy-paste is a strong data augmentation method for instance
    segmentation", CVPR 2021. A scale of 0.1 to 2, then a crop, or gray around a smaller image; left
    and right swapped (0.5).

    What differs: scale 1 is the image that fits into `size`; a smaller image lies in the middle.
    Copy-paste itself is not included: put `JointCopyPaste` after it.

    Args:
        size: of the result: (height, width), or a number for a square.
        class_swap: the classes that change places in mirrored samples, as in `JointRandomFlip`.
        ignore_class: what the masks get around a smaller image. None: class 0.
        value_range: as in `Pipeline`; its middle is the gray around a smaller image. Without a
            value range that is 0, black.
        seed: as in `Pipeline`.
        **kwargs: see `Pipeline`.

    Example:

    >>> jitter = keras_segaug.recipes.large_scale_jitter((1024, 1024), value_range=(0, 255))
    >>> jitter.layers[0].scale, jitter.layers[0].fill_value
    ((0.1, 2.0), 127.5)
    """
    border = filled("large_scale_jitter", value_range, ignore_class, gray=True)
    height, width = checks.window_size("large_scale_jitter", size, argument="size")
    return Pipeline(
        [
            JointRandomScaleCrop(height, width, scale=(0.1, 2.0), **border),
            JointRandomFlip("horizontal", class_swap=class_swap),
        ],
        value_range=value_range,
        seed=seed,
        **kwargs,
    )
