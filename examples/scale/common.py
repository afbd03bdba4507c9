"""What the scripts in this folder share: numbered records, an augmentation, and checks.

Images are drawn from their masks, a color for each class, so that an augmented pair shows by itself
whether image and mask still belong together.
"""

import numpy as np
from PIL import Image

import keras_segaug as ks

SIDE = 48
IGNORE = 255
COLORS = np.array([[10, 20, 30], [200, 60, 40], [30, 180, 90], [90, 70, 220]], "uint8")


def records(count):
    """(numbers, images, masks): each mask has two rectangles of classes in a background."""
    numbers = np.arange(count, dtype="uint32")
    masks = np.zeros((count, SIDE, SIDE), "uint8")
    for number, mask in zip(numbers, masks, strict=True):
        generator = np.random.default_rng(int(number))
        for label in generator.choice([1, 2, 3], 2, replace=False):
            top, left = generator.integers(0, SIDE - 8, 2)
            height, width = generator.integers(6, SIDE // 2, 2)
            mask[top : top + height, left : left + width] = label
    return numbers, COLORS[masks], masks


def written(folder, count):
    """The same records as a folder of images and a folder of masks, read by number."""
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for number, image, mask in zip(*records(count), strict=True):
        Image.fromarray(image).save(folder / f"images/{number:02}.png")
        Image.fromarray(mask).save(folder / f"masks/{number:02}.png")
    return ks.segmentation_source_from_directory(folder / "images", folder / "masks", verbose=False)


def augmentation():
    """Geometry with nearest sampling, so that each pixel still has the color of its class."""
    moves = [ks.JointRandomFlip(), ks.JointRandomRotation(0.1, interpolation="nearest")]
    return ks.Pipeline(moves, seed=1, dtype="uint8")


def check_pairs(images, masks):
    """Raises where image and mask no longer belong together, or hold new labels or dtypes."""
    images, masks = np.asarray(images), np.asarray(masks)
    if images.dtype != "uint8" or masks.dtype != "uint8":
        raise AssertionError(f"The dtypes became {images.dtype} and {masks.dtype}.")
    invented = set(np.unique(masks)) - {*range(len(COLORS)), IGNORE}
    if invented:
        raise AssertionError(f"Masks have labels that were not there: {sorted(invented)}.")
    inside = masks != IGNORE
    if not (images[inside] == COLORS[masks[inside]]).all():
        raise AssertionError("Images and masks do not belong together any more.")


def fingerprint(image, mask):
    """Bytes that are equal only for equal pairs: to compare runs, workers and epochs."""
    return np.asarray(image).tobytes() + np.asarray(mask).tobytes()
