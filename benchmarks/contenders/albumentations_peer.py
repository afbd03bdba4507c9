"""Albumentations 2.0.8, and AlbumentationsX, which has its import name but other argument names."""

import os

import albumentations as A  # noqa: N812
import cv2

from benchmarks import work
from benchmarks.work import Job

# The variant says which of the two this environment must hold.
packages = (os.environ.get("BENCHMARK_VARIANT", "albumentations"), "opencv-python-headless")
IS_X = packages[0] == "albumentationsx"
BORDER = {"border_mode": cv2.BORDER_REFLECT}


def limits(**values):
    """`brightness=(...)` as `brightness_limit` or, in AlbumentationsX, `brightness_range`."""
    return {f"{name}_{'range' if IS_X else 'limit'}": value for name, value in values.items()}


def around_zero(value):
    return (-value, value)


def around_one(value):
    return (1 - value, 1 + value)


def affine(**arguments):
    return A.Affine(**arguments, **BORDER, p=1)


def rotation(degrees=work.DEGREES):
    return affine(rotate=around_zero(degrees))


def all_in_one():
    return affine(
        rotate=around_zero(work.DEGREES),
        scale=around_one(work.ZOOM),
        translate_percent=around_zero(work.TRANSLATION),
    )


def chain():
    color = A.RandomBrightnessContrast(
        **limits(
            brightness=around_zero(work.BRIGHTNESS),
            contrast=around_zero(work.CONTRAST),
        ),
        p=1,
    )
    return [A.HorizontalFlip(p=0.5), all_in_one(), color]


def color_jitter():
    values = {
        "brightness": around_one(work.BRIGHTNESS),
        "contrast": around_one(work.CONTRAST),
        "saturation": around_one(work.SATURATION),
        "hue": around_zero(work.HUE),
    }
    return A.ColorJitter(**({f"{k}_range": v for k, v in values.items()} if IS_X else values), p=1)


def blur():
    sizes, sigma = (work.KERNEL, work.KERNEL), work.SIGMA
    if IS_X:
        return A.GaussianBlur(blur_range=sizes, sigma_range=sigma, p=1)
    return A.GaussianBlur(blur_limit=sizes, sigma_limit=sigma, p=1)


def elastic():
    # AlbumentationsX moves a grid of control points, Albumentations blurs a field of noise.
    if IS_X:
        return A.ElasticTransform(**BORDER, p=1)
    return A.ElasticTransform(alpha=50, sigma=10, **BORDER, p=1)


def geometry(count):
    makers = (
        rotation,
        lambda: A.HorizontalFlip(p=0.5),
        lambda: affine(scale=around_one(work.ZOOM)),
        lambda: affine(translate_percent=around_zero(work.TRANSLATION)),
        lambda: affine(shear=around_zero(work.SHEAR_DEGREES)),
        lambda: rotation(work.SECOND_DEGREES),
    )
    return work.repeated(makers, count)


MAKERS = {
    "flip": lambda: [A.HorizontalFlip(p=0.5)],
    "affine": lambda: [all_in_one()],
    work.CHAIN: chain,
    work.CHAIN_NINE: chain,
    work.CHAIN_16: chain,
    work.CHAIN_FLOAT: lambda: [*chain(), A.ToFloat(max_value=255.0)],
    "jitter": lambda: [color_jitter()],
    "blur": lambda: [blur()],
    "elastic": lambda: [elastic()],
    work.CROP: lambda: [A.RandomCrop(work.WINDOW, work.WINDOW, pad_if_needed=True, p=1)],
}


def brightness_contrast(brightness=0.0, contrast=0.0):
    values = limits(brightness=around_zero(brightness), contrast=around_zero(contrast))
    return A.RandomBrightnessContrast(**values, p=1)


def hue_saturation(hue=0, saturation=0):
    values = limits(hue_shift=around_zero(hue), sat_shift=around_zero(saturation), val_shift=(0, 0))
    return A.HueSaturationValue(**values, p=1)


def mosaic(side):
    """A mosaic of one image and three more, which the caller picks, as its documentation says."""
    return A.Mosaic(
        grid_yx=(2, 2),
        target_size=(side, side),
        cell_shape=(side, side),
        center_range=(0.25, 0.75),
        metadata_key="others",
        p=1,
    )


COUNTERPARTS = {
    "JointRandomFlip": lambda side: A.Compose([A.HorizontalFlip(p=0.5), A.VerticalFlip(p=0.5)]),
    "JointRandomRotate90": lambda side: A.RandomRotate90(p=1),
    "JointRandomRotation": lambda side: rotation(72),
    "JointRandomZoom": lambda side: affine(scale=around_one(0.4)),
    "JointRandomTranslation": lambda side: affine(translate_percent=around_zero(0.3)),
    "JointRandomShear": lambda side: affine(shear=around_zero(15)),
    "JointRandomAffine": lambda side: affine(
        rotate=around_zero(36), scale=around_one(0.2), translate_percent=around_zero(0.2)
    ),
    "JointRandomPerspective": lambda side: A.Perspective(**BORDER, p=1),
    "JointRandomElasticTransform": lambda side: elastic(),
    "JointRandomGridDistortion": lambda side: A.GridDistortion(**BORDER, p=1),
    "JointRandomCrop": lambda side: A.RandomCrop(side * 3 // 4, side * 3 // 4, p=1),
    "JointCenterCrop": lambda side: A.CenterCrop(side * 3 // 4, side * 3 // 4, p=1),
    "JointResizing": lambda side: A.Resize(side * 3 // 4, side * 3 // 4, p=1),
    "ImageOnlyBrightness": lambda side: brightness_contrast(brightness=0.3),
    "ImageOnlyContrast": lambda side: brightness_contrast(contrast=0.45),
    "ImageOnlySaturation": lambda side: hue_saturation(saturation=100),
    "ImageOnlyHue": lambda side: hue_saturation(hue=72),
    "ImageOnlyColorJitter": lambda side: color_jitter(),
    "ImageOnlyGamma": lambda side: A.RandomGamma(**limits(gamma=(50, 200)), p=1),
    "ImageOnlyGaussianBlur": lambda side: blur(),
    "ImageOnlyGaussianNoise": lambda side: A.GaussNoise(std_range=(0.05, 0.1), p=1),
    "ImageOnlyNormalization": lambda side: A.Normalize(p=1),
    "ImageOnlyEqualize": lambda side: A.Equalize(p=1),
    "ImageOnlyCLAHE": lambda side: A.CLAHE(p=1),
    "ImageOnlyMotionBlur": lambda side: A.MotionBlur(p=1),
    "ImageOnlyInvert": lambda side: A.InvertImg(p=1),
    "ImageOnlyPosterize": lambda side: A.Posterize(p=1),
    "ImageOnlySolarize": lambda side: A.Solarize(p=1),
    "ImageOnlyGrayscale": lambda side: A.ToGray(p=1),
    "ImageOnlyAutoContrast": lambda side: A.AutoContrast(p=1),
    "ImageOnlySharpness": lambda side: A.Sharpen(p=1),
    "ImageOnlyMedianBlur": lambda side: A.MedianBlur(p=1),
    "ImageOnlyDefocusBlur": lambda side: A.Defocus(p=1),
    "ImageOnlyLowResolution": lambda side: A.Downscale(p=1),
    "ImageOnlyJPEGCompression": lambda side: A.ImageCompression(p=1),
    "ImageOnlyBiasField": lambda side: A.Illumination(p=1),
    "ImageOnlyShadow": lambda side: A.RandomShadow(p=1),
    "ImageOnlyFog": lambda side: A.RandomFog(p=1),
    "ImageOnlyErasing": lambda side: A.Erasing(p=1),
    "ImageOnlyGridDropout": lambda side: A.GridDropout(p=1),
    "ImageOnlyChannelShift": lambda side: A.RGBShift(p=1),
    "ImageOnlyChannelShuffle": lambda side: A.ChannelShuffle(p=1),
    "ImageOnlyChannelDropout": lambda side: A.ChannelDropout(p=1),
    "ImageOnlySaltAndPepper": lambda side: A.SaltAndPepper(p=1),
    "ImageOnlyShotNoise": lambda side: A.ShotNoise(p=1),
    "ImageOnlySpeckleNoise": lambda side: A.MultiplicativeNoise(elementwise=True, p=1),
}


def prepare(task, variant, threads):
    cv2.setNumThreads(threads)
    makers = {**MAKERS, work.MOSAIC: lambda: [mosaic(task.side)]}
    transform = A.Compose(work.parts(task.row, task.side, geometry, makers, COUNTERPARTS))
    images, masks = work.pairs_of(task)
    samples = [{"image": image, "mask": mask} for image, mask in zip(images, masks, strict=True)]

    def run(count):
        for i in range(count):
            more = {}
            if task.row == work.MOSAIC:
                more = {"others": [samples[(i + k) % len(samples)] for k in (1, 2, 3)]}
            transform(**samples[i % len(samples)], **more)

    return Job(run)
