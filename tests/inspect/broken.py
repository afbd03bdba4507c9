"""Augmenters that are each wrong in one place, as plain functions (image, mask) and classes."""

import numpy as np
from scipy import ndimage

RNG = np.random


def turned(array, degrees, order, shift=(0.0, 0.0), mode="reflect"):
    """Turns an array (H, W, ...) about its center and shifts it by (rows, columns)."""
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    center = (np.array(array.shape[:2]) - 1) / 2
    offset = center - matrix @ (center + shift)
    planes = array.reshape(*array.shape[:2], -1)
    moved = [
        ndimage.affine_transform(
            planes[..., i].astype("float64"), matrix, offset, None, None, order, mode
        )
        for i in range(planes.shape[-1])
    ]
    moved = np.stack(moved, -1).reshape(array.shape)
    if array.dtype.kind in "iu":
        moved = moved.round().clip(0, np.iinfo(array.dtype).max)
    return moved.astype(array.dtype)


def draw():
    return RNG.uniform(-25, 25), RNG.uniform(-5, 5, 2)


def right(image, mask):
    angle, shift = draw()
    return turned(image, angle, 1, shift), turned(mask, angle, 0, shift)


def right_bicubic_filled(image, mask):
    angle, shift = draw()
    return (
        turned(image, angle, 3, shift, "constant"),
        turned(mask, angle, 0, shift, "constant"),
    )


def right_wrapped(image, mask):
    angle, shift = draw()
    return turned(image, angle, 1, shift, "grid-wrap"), turned(mask, angle, 0, shift, "grid-wrap")


def colored(image):
    """Gain, brightness, gamma and noise."""
    image = image.astype("float64") / 255
    image = (image ** RNG.uniform(0.7, 1.5)) * RNG.uniform(0.6, 1.2) + RNG.uniform(-0.1, 0.1)
    image = image + RNG.normal(0, 0.03, image.shape)
    return (image * 255).round().clip(0, 255).astype("uint8")


def right_colored(image, mask):
    image, mask = right(image, mask)
    return colored(image), mask


def right_erased(image, mask):
    image, mask = right(image, mask)
    image[10:30, 20:45] = RNG.randint(0, 256, (20, 25, 3))
    return image, mask


def right_normalized(image, mask):
    image, mask = right(image, mask)
    return (image / 255.0 - (0.5, 0.4, 0.3)) / (0.2, 0.3, 0.25), mask


def redraws_for_the_mask(image, mask):
    return turned(image, *_in_order(1)), turned(mask, *_in_order(0))


def _in_order(order):
    angle, shift = draw()
    return angle, order, shift


def leaves_the_mask(image, mask):
    angle, shift = draw()
    return turned(image, angle, 1, shift), mask


def interpolates_the_mask(image, mask):
    angle, shift = draw()
    return turned(image, angle, 1, shift), turned(mask, angle, 1, shift)


def casts_the_mask(image, mask):
    image, mask = right(image, mask)
    return image, mask.astype("float32")


def off_by_a_pixel(image, mask):
    image, mask = right(image, mask)
    return image, np.roll(mask, 1, 1)


def off_by_half_a_pixel(image, mask):
    angle, shift = draw()
    return turned(image, angle, 1, shift), turned(mask, angle, 0, shift + np.array([0.5, 0.0]))


def off_by_a_pixel_colored(image, mask):
    image, mask = off_by_a_pixel(image, mask)
    return colored(image), mask


def redraws_colored(image, mask):
    image, mask = redraws_for_the_mask(image, mask)
    return colored(image), mask


def rescales_the_mask(image, mask):
    image, mask = right(image, mask)
    return image, (mask / 255.0).astype("float32")


def brightens_the_mask(image, mask):
    image, mask = right(image, mask)
    return image, np.clip(mask.astype(int) + RNG.randint(5, 60), 0, 255).astype("uint8")


def is_not_seeded(image, mask):
    flip = np.random.default_rng().random(2) < 0.5
    axes = tuple(np.flatnonzero(flip))
    return np.flip(image, axes), np.flip(mask, axes)


def writes_into_its_input(image, mask):
    image[:] = image[::-1]
    mask[:] = mask[::-1]
    return image, mask


def crops_the_mask_only(image, mask):
    return image, mask[:-8, :-8]


# These work on batches.


def shares_across_the_batch(images, masks):
    axes = tuple(1 + np.flatnonzero(RNG.uniform(size=2) < 0.5))
    return np.flip(images, axes), np.flip(masks, axes)


def flips_one_sample_wrongly(images, masks):
    images, masks = images.copy(), masks.copy()
    for i in range(len(images)):
        if RNG.uniform() < 0.5:
            images[i], masks[i] = images[i, :, ::-1], masks[i, :, ::-1]
    images[2] = images[2, ::-1]
    return images, masks


def mixes_up_the_samples(images, masks):
    images, masks = images.copy(), masks.copy()
    images[:], masks[:] = images[:1], masks[:1]
    return images, masks


def repeats_the_mask_over_channels(images, masks):
    return images, np.repeat(masks[..., None], 3, -1)
