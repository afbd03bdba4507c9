"""torchvision's transforms v2, on `tv_tensors`."""

import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from benchmarks import work
from benchmarks.work import Job

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
    work.CHAIN_FLOAT: lambda: [*chain(), v2.ToDtype(torch.float32)],
    "jitter": lambda: [v2.ColorJitter(work.BRIGHTNESS, work.CONTRAST, work.SATURATION, work.HUE)],
    "blur": lambda: [v2.GaussianBlur(work.KERNEL, work.SIGMA)],
    "elastic": lambda: [v2.ElasticTransform()],
}


def prepare(task, variant, threads):
    torch.set_num_threads(threads)
    transform = v2.Compose(work.parts(task.row, task.side, geometry, MAKERS))
    images, masks = work.pairs(task.side, work.picture_count(task.side, None))
    pairs = [
        (tv_tensors.Image(torch.tensor(image).permute(2, 0, 1)), tv_tensors.Mask(mask))
        for image, mask in zip(images, masks, strict=True)
    ]

    def run(count):
        for i in range(count):
            transform(*pairs[i % len(pairs)])

    return Job(run)
