"""torchvision's transforms v2, on `tv_tensors`."""

import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from benchmarks import work
from benchmarks.work import AbsentError, Job

packages = ("torch", "torchvision")


def affine(degrees=0.0, **arguments):
    return v2.RandomAffine(degrees, interpolation=v2.InterpolationMode.BILINEAR, **arguments)


def zoom_range():
    return (1 - work.ZOOM, 1 + work.ZOOM)


def translation():
    return (work.TRANSLATION, work.TRANSLATION)


def all_in_one():
    return affine(work.DEGREES, translate=translation(), scale=zoom_range())


def flip():
    return v2.RandomHorizontalFlip()


def chain():
    color = v2.ColorJitter(brightness=work.BRIGHTNESS, contrast=work.CONTRAST)
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
    work.CHAIN_16: chain,
    work.CHAIN_FLOAT: lambda: [*chain(), v2.ToDtype(torch.float32)],
    "jitter": lambda: [v2.ColorJitter(work.BRIGHTNESS, work.CONTRAST, work.SATURATION, work.HUE)],
    "blur": lambda: [v2.GaussianBlur(work.KERNEL, work.SIGMA)],
    "elastic": lambda: [v2.ElasticTransform()],
}

# With the numbers of our layers' test cases, where torchvision has such a number.
COUNTERPARTS = {
    "JointRandomFlip": lambda side: v2.Compose([flip(), v2.RandomVerticalFlip()]),
    "JointRandomRotation": lambda side: affine(72),
    "JointRandomZoom": lambda side: affine(scale=(0.6, 1.4)),
    "JointRandomTranslation": lambda side: affine(translate=(0.3, 0.3)),
    "JointRandomShear": lambda side: affine(shear=15),
    "JointRandomAffine": lambda side: affine(36, scale=(0.8, 1.2), translate=(0.2, 0.2)),
    "JointRandomPerspective": lambda side: v2.RandomPerspective(p=1),
    "JointRandomElasticTransform": lambda side: v2.ElasticTransform(),
    "JointRandomCrop": lambda side: v2.RandomCrop(side * 3 // 4),
    "JointCenterCrop": lambda side: v2.CenterCrop(side * 3 // 4),
    "JointResizing": lambda side: v2.Resize(side * 3 // 4),
    "ImageOnlyBrightness": lambda side: v2.ColorJitter(brightness=0.3),
    "ImageOnlyContrast": lambda side: v2.ColorJitter(contrast=0.45),
    "ImageOnlySaturation": lambda side: v2.ColorJitter(saturation=0.5),
    "ImageOnlyHue": lambda side: v2.ColorJitter(hue=0.2),
    "ImageOnlyColorJitter": lambda side: MAKERS["jitter"]()[0],
    "ImageOnlyGaussianBlur": lambda side: MAKERS["blur"]()[0],
    "ImageOnlyGaussianNoise": lambda side: v2.GaussianNoise(sigma=0.075),
    "ImageOnlyGrayscale": lambda side: v2.Grayscale(3),
    "ImageOnlyInvert": lambda side: v2.RandomInvert(p=1),
    "ImageOnlyPosterize": lambda side: v2.RandomPosterize(4, p=1),
    "ImageOnlySolarize": lambda side: v2.RandomSolarize(128, p=1),
    "ImageOnlyAutoContrast": lambda side: v2.RandomAutocontrast(p=1),
    "ImageOnlyEqualize": lambda side: v2.RandomEqualize(p=1),
    "ImageOnlySharpness": lambda side: v2.RandomAdjustSharpness(2, p=1),
    "ImageOnlyJPEGCompression": lambda side: v2.JPEG((50, 90)),
    "ImageOnlyErasing": lambda side: v2.RandomErasing(p=1),
    "ImageOnlyChannelShuffle": lambda side: v2.RandomChannelPermutation(),
}


def prepare(task, variant, threads):
    if task.row == work.CHAIN_NINE:
        raise AbsentError("color only with 1 or 3 channels")
    torch.set_num_threads(threads)
    transform = v2.Compose(work.parts(task.row, task.side, geometry, MAKERS, COUNTERPARTS))
    images, masks = work.pairs_of(task)
    pairs = [
        (tv_tensors.Image(torch.tensor(image).permute(2, 0, 1)), tv_tensors.Mask(mask))
        for image, mask in zip(images, masks, strict=True)
    ]

    def run(count):
        for i in range(count):
            transform(*pairs[i % len(pairs)])

    return Job(run)
