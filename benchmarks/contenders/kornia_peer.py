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
    "jitter": lambda: [
        K.ColorJiggle(work.BRIGHTNESS, work.CONTRAST, work.SATURATION, work.HUE, p=1.0)
    ],
    "blur": lambda: [K.RandomGaussianBlur((work.KERNEL, work.KERNEL), work.SIGMA, p=1.0)],
    "elastic": lambda: [K.RandomElasticTransform(p=1.0)],
    # One class of a partner, where ClassMix takes half of them.
    work.CLASS_MIX: lambda: [K.RandomTransplantation(p=1.0)],
}


def make_sequence(row):
    transforms = work.parts(row, None, geometry, MAKERS)
    # Its documentation's way for image and mask; masks are then looked up as nearest.
    return K.AugmentationSequential(*transforms, data_keys=["input", "mask"])


def augment(sequence, images, masks, float_out):
    """uint8 images (B, 3, H, W) in; Kornia itself works on floats in [0, 1]."""
    images, masks = sequence(images.float() / 255.0, masks.float())
    if not float_out:
        images = (images * 255.0).round().clamp(0, 255).byte()
    return images, masks


def prepare(task, variant, threads):
    torch.set_num_threads(threads)
    sequence = make_sequence(task.row)
    batch = task.batch or BATCH
    images, masks = work.pairs(task.side, work.picture_count(task.side, batch))
    images = torch.tensor(images[:batch]).permute(0, 3, 1, 2).contiguous()
    masks = torch.tensor(masks[:batch])[:, None]

    @torch.inference_mode()
    def run(count):
        for _ in range(count // batch):
            augment(sequence, images, masks, task.row == work.CHAIN_FLOAT)

    return Job(run, batch)
