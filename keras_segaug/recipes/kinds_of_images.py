"""Recipes for common kinds of images; the image keeps its size."""

from typing import Any

from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.pipeline import Pipeline
from keras_segaug.core.types import ClassSwap, ValueRange
from keras_segaug.image_only.bias_field import ImageOnlyBiasField
from keras_segaug.image_only.brightness import ImageOnlyBrightness
from keras_segaug.image_only.contrast import ImageOnlyContrast
from keras_segaug.image_only.fog import ImageOnlyFog
from keras_segaug.image_only.gamma import ImageOnlyGamma
from keras_segaug.image_only.gaussian_blur import ImageOnlyGaussianBlur
from keras_segaug.image_only.gaussian_noise import ImageOnlyGaussianNoise
from keras_segaug.image_only.hue import ImageOnlyHue
from keras_segaug.image_only.low_resolution import ImageOnlyLowResolution
from keras_segaug.image_only.motion_blur import ImageOnlyMotionBlur
from keras_segaug.image_only.saturation import ImageOnlySaturation
from keras_segaug.image_only.shadow import ImageOnlyShadow
from keras_segaug.image_only.shot_noise import ImageOnlyShotNoise
from keras_segaug.joint.affine import JointRandomAffine
from keras_segaug.joint.elastic_transform import JointRandomElasticTransform
from keras_segaug.joint.flip import JointRandomFlip
from keras_segaug.joint.rotate90 import JointRandomRotate90
from keras_segaug.recipes.border import filled


def aerial(
    *,
    class_swap: ClassSwap | None = None,
    value_range: ValueRange = None,
    seed: int | None = None,
    **kwargs: Any,
) -> Pipeline:
    """For images from above, of any number of channels, such as multispectral ones.

    Source: no single one. Seen from above, nothing has a top, so all eight symmetries of a square
    are equally likely, and a small rotation (up to 15 degrees) and zoom (up to 0.2) are added; then
    illumination and haze: shadows (0.2), brightness and contrast (0.5 each), gamma (0.3), blur
    (0.1) and noise (0.2). No hue: bands need not be colors. What a rotation or a zoom brings in is
    mirrored, so nothing is filled.

    Args:
        class_swap: the classes that change places in mirrored samples, as in `JointRandomFlip`.
        value_range: as in `Pipeline`.
        seed: as in `Pipeline`.
        **kwargs: see `Pipeline`.

    Example:

    >>> print(keras_segaug.recipes.aerial().layers[0])
    JointRandomRotate90(mirror=True)
    """
    return Pipeline(
        [
            JointRandomRotate90(mirror=True, class_swap=class_swap),
            JointRandomAffine(rotation_factor=15 / 360, zoom_height_factor=0.2),
            ImageOnlyShadow(probability=0.2),
            ImageOnlyBrightness(0.1, probability=0.5),
            ImageOnlyContrast(0.2, probability=0.5),
            ImageOnlyGamma(0.2, probability=0.3),
            ImageOnlyGaussianBlur(kernel_size=None, sigma=(0.3, 1.0), probability=0.1),
            ImageOnlyGaussianNoise(0.03, probability=0.2),
        ],
        value_range=value_range,
        seed=seed,
        **kwargs,
    )


def microscopy(
    *,
    class_swap: ClassSwap | None = None,
    value_range: ValueRange = None,
    seed: int | None = None,
    **kwargs: Any,
) -> Pipeline:
    """For images of cells and tissue, of any number of channels.

    Source: Ronneberger et al., "U-Net", MICCAI 2015, section 3.1: shifts, rotations, elastic
    deformations (a displacement of 10 pixels in tiles of 512, which is the 0.02 here) and changes
    of gray values. In this order: all eight symmetries of a square; any rotation, with a zoom of up
    to 0.2; an elastic deformation (0.5); uneven illumination (0.3); brightness and contrast (0.5
    each); gamma (0.3); blur, out of focus (0.2); shot noise, of few photons (0.3).

    What differs: the paper gives no numbers except the displacement; illumination, blur and shot
    noise are added. What a rotation brings in is mirrored, so nothing is filled.

    Args:
        class_swap: the classes that change places in mirrored samples, as in `JointRandomFlip`.
        value_range: as in `Pipeline`.
        seed: as in `Pipeline`.
        **kwargs: see `Pipeline`.

    Example:

    >>> print(keras_segaug.recipes.microscopy().layers[1])
    JointRandomAffine(rotation_factor=(-0.5, 0.5), zoom_height_factor=(-0.2, 0.2))
    """
    return Pipeline(
        [
            JointRandomRotate90(mirror=True, class_swap=class_swap),
            JointRandomAffine(rotation_factor=0.5, zoom_height_factor=0.2),
            JointRandomElasticTransform(strength=(0.0, 0.02), smoothness=0.25, probability=0.5),
            ImageOnlyBiasField(0.3, probability=0.3),
            ImageOnlyBrightness(0.1, probability=0.5),
            ImageOnlyContrast(0.3, probability=0.5),
            ImageOnlyGamma((0.7, 1.5), probability=0.3),
            ImageOnlyGaussianBlur(kernel_size=None, sigma=(0.5, 1.5), probability=0.2),
            ImageOnlyShotNoise(0.1, probability=0.3),
        ],
        value_range=value_range,
        seed=seed,
        **kwargs,
    )


def street(
    class_swap: ClassSwap | None = None,
    *,
    ignore_class: int | None = 255,
    value_range: ValueRange = None,
    seed: int | None = None,
    **kwargs: Any,
) -> Pipeline:
    """For images of streets, as seen from a car, of 3 channels.

    Source: no single one; the colors are a mild form of mmsegmentation's. A rotation by up to 5
    degrees, a zoom of up to 0.25 and a shift of up to 0.05; then shadows (0.2), brightness,
    contrast, saturation and hue (0.5 each), fog (0.1) and motion blur (0.1). Left and right mean
    something: the side to drive on, lanes, arrows, letters. So nothing is mirrored unless
    `class_swap` says which classes change places; then half of the samples are.

    Args:
        class_swap: the classes that change places in mirrored samples, as in `JointRandomFlip`.
            None: nothing is mirrored.
        ignore_class: what the masks get outside the image. None: class 0.
        value_range: as in `Pipeline`; what lies outside the image gets its lowest value (0
            without one).
        seed: as in `Pipeline`.
        **kwargs: see `Pipeline`.

    Example:

    >>> print(keras_segaug.recipes.street(class_swap={3: 4}).layers[0])
    JointRandomFlip(mode='horizontal', class_swap=((3, 4),))
    >>> type(keras_segaug.recipes.street().layers[0]).__name__
    'JointRandomAffine'
    """
    affine = JointRandomAffine(
        rotation_factor=5 / 360,
        zoom_height_factor=0.25,
        translation_height_factor=0.05,
        translation_width_factor=0.05,
        **filled("street", value_range, ignore_class),
    )
    return Pipeline(
        [
            *_mirrored(class_swap),
            affine,
            ImageOnlyShadow(probability=0.2),
            ImageOnlyBrightness(0.1, probability=0.5),
            ImageOnlyContrast(0.3, probability=0.5),
            ImageOnlySaturation((0.4, 0.6), probability=0.5),
            ImageOnlyHue(0.05, probability=0.5),
            ImageOnlyFog(probability=0.1),
            ImageOnlyMotionBlur(probability=0.1),
        ],
        value_range=value_range,
        seed=seed,
        **kwargs,
    )


def medical_slices(
    class_swap: ClassSwap | None = None,
    *,
    ignore_class: int | None = 255,
    value_range: ValueRange = None,
    seed: int | None = None,
    **kwargs: Any,
) -> Pipeline:
    """For slices of CT or MR, of any number of channels.

    Source: a mild form of `nnunet` that leaves the slice upright and whole. A rotation by up to 15
    degrees, a zoom of up to 0.2 and a shift of up to 0.05; a small elastic deformation (0.3); then
    brightness, contrast and gamma (0.3 each), blur (0.1), a lower resolution (0.125) and noise
    (0.15). No hue. Values of CT mean something, so brightness changes by no more than 0.05 of
    `value_range`: give the window that the slices are clipped to, such as (-160, 240) for soft
    tissue. Organs have a side, so nothing is mirrored unless `class_swap` says which classes change
    places; then half of the samples are, left and right.

    Args:
        class_swap: the classes that change places in mirrored samples, as in `JointRandomFlip`.
            None: nothing is mirrored.
        ignore_class: what the masks get outside the image. None: class 0.
        value_range: as in `Pipeline`; what lies outside the image gets its lowest value (0
            without one).
        seed: as in `Pipeline`.
        **kwargs: see `Pipeline`.

    Example:

    >>> pipeline = keras_segaug.recipes.medical_slices(value_range=(-160, 240), seed=1)
    >>> pipeline.layers[0].fill_value
    -160.0
    """
    border = filled("medical_slices", value_range, ignore_class)
    affine = JointRandomAffine(
        rotation_factor=15 / 360,
        zoom_height_factor=0.2,
        translation_height_factor=0.05,
        translation_width_factor=0.05,
        **border,
    )
    elastic = JointRandomElasticTransform(
        strength=(0.0, 0.01), smoothness=0.25, probability=0.3, **border
    )
    return Pipeline(
        [
            *_mirrored(class_swap),
            affine,
            elastic,
            ImageOnlyBrightness(0.05, probability=0.3),
            ImageOnlyContrast(0.2, probability=0.3),
            ImageOnlyGamma((0.7, 1.5), probability=0.3),
            ImageOnlyGaussianBlur(kernel_size=None, sigma=(0.5, 1.0), probability=0.1),
            ImageOnlyLowResolution((0.5, 1.0), interpolation="bilinear", probability=0.125),
            ImageOnlyGaussianNoise(0.025, probability=0.15),
        ],
        value_range=value_range,
        seed=seed,
        **kwargs,
    )


def _mirrored(class_swap: ClassSwap | None) -> list[AugmentationLayer]:
    return [] if class_swap is None else [JointRandomFlip("horizontal", class_swap=class_swap)]
