"""Kornia, on a batch of float images."""

import kornia.augmentation as K  # noqa: N812
import torch

from benchmarks import work
from benchmarks.work import Job

packages = ("torch", "kornia")
BATCH = 16


def affine(degrees=0.0, **arguments):
    return K.RandomAffine(degrees, **arguments, padding_mode="reflection", p=1.0)


def zoom_range():
    return (1 - work.ZOOM, 1 + work.ZOOM)


def translation():
    return (work.TRANSLATION, work.TRANSLATION)


def all_in_one():
    return affine(work.DEGREES, translate=translation(), scale=zoom_range())


def flip():
    return K.RandomHorizontalFlip(p=0.5)


def chain():
    color = K.ColorJiggle(brightness=work.BRIGHTNESS, contrast=work.CONTRAST, p=1.0)
    return [flip(), all_in_one(), color]


def geometry(count):
    makers = (
        lambda: affine(work.DEGREES),
        flip,
        lambda: affine(scale=zoom_range()),
        lambda: affine(translate=translation()),
        lambda: affine(shear=work.SHEAR_DEGREES),
        lambda: affine(work.SECOND_DEGREES),
    )
    return work.repeated(makers, count)


MAKERS = {
    "flip": lambda: [flip()],
    "affine": lambda: [all_in_one()],
    work.CHAIN: chain,
    work.CHAIN_FLOAT: chain,
    work.CHAIN_NINE: chain,
    work.CHAIN_16: chain,
    "jitter": lambda: [
        K.ColorJiggle(work.BRIGHTNESS, work.CONTRAST, work.SATURATION, work.HUE, p=1.0)
    ],
    "blur": lambda: [K.RandomGaussianBlur((work.KERNEL, work.KERNEL), work.SIGMA, p=1.0)],
    "elastic": lambda: [K.RandomElasticTransform(p=1.0)],
    # One class of a partner, where ClassMix takes half of them.
    work.CLASS_MIX: lambda: [K.RandomTransplantation(p=1.0)],
}

# With the numbers of our layers' test cases, where Kornia has such a number.
COUNTERPARTS = {
    "JointRandomRotation": lambda side: affine(72),
    "JointRandomZoom": lambda side: affine(scale=(0.6, 1.4)),
    "JointRandomTranslation": lambda side: affine(translate=(0.3, 0.3)),
    "JointRandomShear": lambda side: affine(shear=15),
    "JointRandomAffine": lambda side: affine(36, scale=(0.8, 1.2), translate=(0.2, 0.2)),
    "JointRandomPerspective": lambda side: K.RandomPerspective(p=1.0),
    "JointRandomElasticTransform": lambda side: K.RandomElasticTransform(p=1.0),
    "JointRandomErasing": lambda side: K.RandomErasing(p=1.0),
    "JointRandomCrop": lambda side: K.RandomCrop((side * 3 // 4, side * 3 // 4)),
    "JointCenterCrop": lambda side: K.CenterCrop((side * 3 // 4, side * 3 // 4)),
    "JointResizing": lambda side: K.Resize((side * 3 // 4, side * 3 // 4)),
    "ImageOnlyBrightness": lambda side: K.RandomBrightness((0.7, 1.3), p=1.0),
    "ImageOnlyContrast": lambda side: K.RandomContrast((0.55, 1.45), p=1.0),
    "ImageOnlySaturation": lambda side: K.RandomSaturation((0.5, 1.5), p=1.0),
    "ImageOnlyHue": lambda side: K.RandomHue((-0.2, 0.2), p=1.0),
    "ImageOnlyColorJitter": lambda side: MAKERS["jitter"]()[0],
    "ImageOnlyGamma": lambda side: K.RandomGamma((0.5, 2.0), p=1.0),
    "ImageOnlyGaussianBlur": lambda side: MAKERS["blur"]()[0],
    "ImageOnlyGaussianNoise": lambda side: K.RandomGaussianNoise(std=0.075, p=1.0),
    "ImageOnlyGrayscale": lambda side: K.RandomGrayscale(p=1.0),
    "ImageOnlyInvert": lambda side: K.RandomInvert(p=1.0),
    "ImageOnlyPosterize": lambda side: K.RandomPosterize(p=1.0),
    "ImageOnlySolarize": lambda side: K.RandomSolarize(p=1.0),
    "ImageOnlyAutoContrast": lambda side: K.RandomAutoContrast(p=1.0),
    "ImageOnlyEqualize": lambda side: K.RandomEqualize(p=1.0),
    "ImageOnlyCLAHE": lambda side: K.RandomClahe(p=1.0),
    "ImageOnlySharpness": lambda side: K.RandomSharpness(p=1.0),
    "ImageOnlyMotionBlur": lambda side: K.RandomMotionBlur((5, 7), 180.0, 0.0, p=1.0),
    "ImageOnlyMedianBlur": lambda side: K.RandomMedianBlur(p=1.0),
    "ImageOnlySaltAndPepper": lambda side: K.RandomSaltAndPepperNoise(p=1.0),
    "ImageOnlyJPEGCompression": lambda side: K.RandomJPEG(p=1.0),
    "ImageOnlyBiasField": lambda side: K.RandomPlasmaBrightness(p=1.0),
    "ImageOnlyChannelShift": lambda side: K.RandomRGBShift(p=1.0),
    "ImageOnlyChannelShuffle": lambda side: K.RandomChannelShuffle(p=1.0),
    "ImageOnlyChannelDropout": lambda side: K.RandomChannelDropout(p=1.0),
}


def make_sequence(row, side):
    transforms = work.parts(row, side, geometry, MAKERS, COUNTERPARTS)
    # As its documentation does for image and mask; masks are then sampled as nearest.
    return K.AugmentationSequential(*transforms, data_keys=["input", "mask"])


def augment(sequence, images, masks, largest, float_out):
    """Integer images (B, C, H, W) in; Kornia itself works on floats in [0, 1]."""
    dtype = images.dtype
    images, masks = sequence(images.float() / largest, masks.float())
    if not float_out:
        images = (images * largest).round().clamp(0, largest).to(dtype)
    return images, masks


def batch_of(task, batch):
    """Images (B, C, H, W) and masks (B, 1, H, W) as tensors."""
    images, masks = work.pairs_of(task, batch)
    images = torch.tensor(images[:batch]).permute(0, 3, 1, 2).contiguous()
    return images, torch.tensor(masks[:batch])[:, None]


def prepare(task, variant, threads):
    torch.set_num_threads(threads)
    sequence = make_sequence(task.row, task.side)
    batch = task.batch or BATCH
    images, masks = batch_of(task, batch)
    largest = task.value_range[1]

    # Kornia draws in Python, so only the pieces between the draws are compiled.
    once = torch.compile(augment) if variant == "compiled" else augment

    @torch.inference_mode()
    def run(count):
        for _ in range(count // batch):
            once(sequence, images, masks, largest, task.row == work.CHAIN_FLOAT)

    return Job(run, batch)
