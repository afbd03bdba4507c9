"""Reads image and mask pairs from a folder, and splits slices into training and test blocks."""

import json

import numpy as np

import keras_segaug as segaug

# Pixels with this class are neither trained on nor scored.
IGNORED = 255

# Of every 28 slices, 14-21 are for testing, and the 4 on either side of them are not used at all:
# slices are 3 mm apart, so a test slice next to a training slice would be nearly a copy of it.
# There are four blocks and not one, because the body changes along its length: this way both parts
# hold all ten groups, hip bones as well as lungs. The blocks were placed only with that in mind.
PERIOD, FIRST_TEST, END_OF_TEST, GAP = 28, 14, 22, 4


def read_pairs(folder):
    """Images (N, H, W, 1) and masks (N, H, W), both uint8, and the names of the classes."""
    for role in ("images", "masks"):
        if not (folder / role).is_dir():
            raise FileNotFoundError(
                f"There is no folder {folder / role}. Point --data at a folder that holds "
                "images/*.png and masks/*.png."
            )
    images, masks = read_arrays(folder / "images", folder / "masks")
    return images, *to_classes(masks, folder / "classes.json")


def read_arrays(*folders, **options):
    """All pairs of a folder of images and a folder of masks, in the order of their names."""
    source = segaug.segmentation_source_from_directory(
        *folders, color_mode="grayscale", verbose=False, **options
    )
    images, masks = zip(*source, strict=True)
    return np.stack(images), np.stack(masks)


def to_classes(masks, path):
    """Maps organs to the groups of `classes.json`; without that file the mask holds the classes."""
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
