"""Reads image and mask pairs from a folder, and splits slices into training and test blocks."""

import json

import numpy as np
from PIL import Image

# Pixels with this class are neither trained on nor scored.
IGNORED = 255

# Of every 28 slices 14-21 are for testing, and the 4 on either side of them are not used at all:
# slices are 3 mm apart, and next to a training slice a test slice would be nearly a copy of it.
# Four blocks and not one, since the body changes along the way: like this both parts hold all ten
# groups, bones of the hip as well as lungs. The place of the blocks was chosen for that alone.
PERIOD, FIRST_TEST, END_OF_TEST, GAP = 28, 14, 22, 4


def read_pairs(folder):
    """Images (N, H, W, 1) and masks (N, H, W), both uint8, and the names of the classes."""
    image_paths, mask_paths = find_pngs(folder / "images"), find_pngs(folder / "masks")
    unpaired = [
        *(f"{path} has no mask" for stem, path in image_paths.items() if stem not in mask_paths),
        *(f"{path} has no image" for stem, path in mask_paths.items() if stem not in image_paths),
    ]
    if unpaired:
        raise ValueError(
            f"An image and its mask must have the same name. {'; '.join(unpaired)}. "
            "Add what is missing, or take these files away."
        )
    images = [np.array(Image.open(path).convert("L")) for path in image_paths.values()]
    masks = [np.array(Image.open(mask_paths[stem])) for stem in image_paths]
    wrong_sizes = [
        f"{path} is {array.shape}"
        for paths, arrays in ((image_paths, images), (mask_paths, masks))
        for path, array in zip(paths.values(), arrays, strict=True)
        if array.shape != images[0].shape
    ]
    if wrong_sizes:
        raise ValueError(
            f"Every image and mask must have the size of the first image, {images[0].shape}. "
            f"{'; '.join(wrong_sizes)}. Resize these files, masks with 'nearest', and save masks "
            "with one number a pixel, not as colors."
        )
    masks, names = to_classes(np.stack(masks), folder / "classes.json")
    return np.stack(images)[..., None], masks, names


def find_pngs(folder):
    """The PNG files of a folder, by name and in the order of their names."""
    paths = {path.stem: path for path in sorted(folder.glob("*.png"))}
    if not paths:
        raise FileNotFoundError(
            f"There are no PNG files in {folder}. Point --data at a folder that holds "
            "images/*.png and masks/*.png."
        )
    return paths


def to_classes(masks, path):
    """Organs into the groups of `classes.json`; without that file the mask holds the classes."""
    if not path.exists():
        return masks, [f"class {i}" for i in range(1 + masks[masks != IGNORED].max())]
    classes = json.loads(path.read_text())
    group_of = np.full(256, IGNORED, "uint8")
    group_of[0] = 0
    for organ, entry in classes["labels"].items():
        group_of[int(organ)] = entry["group"]
    return group_of[masks], classes["group_names"]


def split(count):
    """Which slices to train on and which to test on."""
    if count < END_OF_TEST:
        raise ValueError(
            f"{count} slices are too few to cut a block for testing out of them: --data needs "
            f"at least {END_OF_TEST} pairs."
        )
    place = np.arange(count) % PERIOD
    testing = (place >= FIRST_TEST) & (place < END_OF_TEST)
    training = (place < FIRST_TEST - GAP) | (place >= END_OF_TEST + GAP)
    return np.flatnonzero(training), np.flatnonzero(testing)
