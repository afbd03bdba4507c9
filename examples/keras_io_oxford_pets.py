"""
Title: Segmentation with images and masks augmented together
Author: The contributors to keras-segaug
Date created: 2026/11/27
Last modified: 2026/11/27
Description: A small U-Net, trained with and without paired augmentation, and a fair comparison.
Accelerator: GPU for the photos; the CT slices train on a CPU
"""
# The text between the code is made of strings.
# ruff: noqa: E402

"""
## Introduction

A segmentation network learns from pairs: an image, and a mask with the class of each pixel. If the
image is turned, the mask must be turned by the same angle, and must not be blended: between class 1
and class 3 there is no class 2. The layers of `keras_segaug` draw once for both.

This script trains the same small U-Net twice from the same weights, for the same number of steps,
without and with augmentation, and scores both on pairs that neither has seen.

    python examples/keras_io_oxford_pets.py --data oxford_pets --epochs 20 --backend jax

`--data` is a folder into which the two archives of the Oxford-IIIT Pet Dataset (Parkhi et al.,
"Cats and Dogs", CVPR 2012; www.robots.ox.ac.uk/~vgg/data/pets) were unpacked: it holds
`images/*.jpg` and `annotations/trimaps/*.png`. Nothing is downloaded. Without it the script takes
the CT slices in `examples/data/ct`.

It needs this repository, TensorFlow for `tf.data`, and pillow.
"""

"""
## Setup

The backend is chosen before Keras is imported.
"""

import os
import sys
from typing import Any, NamedTuple

from options import common_options, positive

if __name__ == "__main__":
    PARSER = common_options(__doc__, epochs=80, seeds=1)
    PARSER.description = "Trains a small U-Net without and with paired augmentation."
    PARSER.add_argument(
        "--side", type=positive, default=160, help="of photos, a multiple of 8 (default: 160)"
    )
    PARSER.add_argument("--gallery", help="a PNG file for a sheet of augmented pairs")
    OPTIONS = PARSER.parse_args()
    os.environ["KERAS_BACKEND"] = OPTIONS.backend
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from slices import IGNORED, read_pairs, split
from unet import BORDER, build_unet, class_weights, halvable

import keras_segaug as ks

PHOTOS_A_STEP, SLICES_A_STEP = 16, 4

"""
## Reading pairs

Both kinds of data become two datasets of `(images, masks)`, images of 8 bits, masks of class ids,
with 255 where nothing is known.
"""


class Data(NamedTuple):
    training: Any  # a dataset of batches, which shuffles itself
    validation: Any
    size: tuple
    class_names: list
    weights: dict  # from class id to the weight of its pixels
    are_photos: bool


def read(folder, side):
    """Reads photos or slices, depending on what the folder holds."""
    trimaps = folder / "annotations" / "trimaps"
    return read_photos(folder, trimaps, side) if trimaps.is_dir() else read_slices(folder)


"""
A trimap holds 1 for the pet, 2 for the background and 3 for a border in between that belongs to
neither for sure. `palette` makes ids of them that start at 0, and leaves the border out of loss and
score. A few files of the archive are no JPEG in spite of their name; the loader looks at what files
hold. One pair in five is kept for validation, the same in each run.
"""


def read_photos(folder, trimaps, side):
    if side % 8:
        raise ValueError(f"--side must be a multiple of 8, not {side}: the U-Net halves it thrice.")
    training, validation = ks.segmentation_dataset_from_directory(
        folder / "images",
        trimaps,
        palette={1: 1, 2: 0, 3: IGNORED},
        class_names=["background", "pet"],
        ignore_index=IGNORED,
        image_size=(side, side),
        batch_size=PHOTOS_A_STEP,
        validation_split=0.2,
        subset="both",
        seed=0,
        on_error="skip",
    )
    weights, names = training.class_weights(), training.class_names
    return Data(training.prefetch(2), validation, (side, side), names, weights, True)


"""
The CT slices are all of one body, 3 mm apart. A slice next to a training slice would be nearly a
copy of it, so whole blocks are kept for validation, with slices left out on both sides of them. The
score says nothing about other patients.
"""


def read_slices(folder):
    images, masks, names = read_pairs(folder)
    training, validation = split(len(images))
    per_class = class_weights(masks[training], len(names))
    size = tuple(halvable(masks.shape[1:]))
    padded = ks.JointCenterCrop(*size, **BORDER)(images, masks)
    images, masks = map(keras.ops.convert_to_numpy, padded)

    def dataset(places):
        return tf.data.Dataset.from_tensor_slices((images[places].astype("uint8"), masks[places]))

    return Data(
        dataset(training).shuffle(len(training), seed=0).batch(SLICES_A_STEP),
        dataset(validation).batch(SLICES_A_STEP),
        size,
        names,
        {label: float(per_class[label]) for label in range(len(names))},
        False,
    )


"""
## The augmentation

Geometry moves image and mask. What comes in from outside is class 255, which the loss leaves out.
Colors change the image alone. A mirrored pet is a pet; a mirrored body has its liver on the wrong
side, so slices are not mirrored.
"""


def paired_augmentation(are_photos, seed):
    geometry = [ks.JointRandomRotation(0.04, **BORDER), ks.JointRandomZoom(0.2, **BORDER)]
    colors = [ks.ImageOnlyBrightness(0.1), ks.ImageOnlyContrast(0.2)]
    if are_photos:
        geometry.insert(0, ks.JointRandomFlip("horizontal"))
        colors += [ks.ImageOnlySaturation((0.4, 0.6)), ks.ImageOnlyHue(0.02)]
    return ks.Pipeline([*geometry, *colors], seed=seed)


"""
Look at it before training: is the mask on its object, is any draw stronger than life?
"""


def save_gallery(data, path):
    images, masks = next(iter(data.validation))
    augmentation = paired_augmentation(data.are_photos, seed=0)
    figure = ks.plot_gallery(augmentation, images, masks, draws=4, class_names=data.class_names)
    figure.savefig(path)


"""
## The model

`AugmentedModel` augments each batch in the train step, on the device that trains. `evaluate` and
`predict` see images as they are. Without augmentation it is the same model around `Identity`, so
that weights of classes work alike.
"""


def compiled_model(data, augmentation, steps, learning_rate=3e-3):
    images = keras.Input((*data.size, 3 if data.are_photos else 1))
    scaled = keras.layers.Rescaling(1 / 127.5, -1.0)(images)
    unet = build_unet(data.size, len(data.class_names), channels=images.shape[-1])
    model = ks.AugmentedModel(keras.Model(images, unet(scaled)), augmentation)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED),
    )
    return model


"""
## Training and scoring

The score is the mean over classes of intersection over union, after the last epoch. No epoch is
picked by its score: the validation pairs decide nothing.
"""


def mean_iou(model, validation, class_count):
    metric = keras.metrics.MeanIoU(class_count, ignore_class=IGNORED)
    for images, masks in validation:
        metric.update_state(masks.numpy(), model.predict_on_batch(images.numpy()).argmax(-1))
    return float(metric.result())


def train(data, with_augmentation, seed, epochs):
    keras.utils.set_random_seed(seed)  # the same weights to start with
    augmentation = (
        paired_augmentation(data.are_photos, seed) if with_augmentation else ks.Identity()
    )
    model = compiled_model(data, augmentation, steps=epochs * len(data.training))
    model.fit(
        data.training, epochs=epochs, class_weight=data.weights, shuffle=False, verbose=0
    )  # The dataset shuffles.
    return mean_iou(model, data.validation, len(data.class_names))


"""
## The comparison

On the CT slices the defaults, seed 0, give a mean IoU of 0.553 without and 0.647 with augmentation
(keras 3.15.1, tensorflow 2.21.0, 2 cores of a virtual Intel Xeon). One seed proves little: runs
that differ in nothing else may lie a few hundredths apart, so take several (`--seeds 3`) before you
believe a gain of that size. And augmentation needs time: of few steps it makes a worse network. On
the photos nothing was measured here.
"""


def main(options):
    try:
        data = read(options.data, options.side)
    except (FileNotFoundError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    if options.gallery:
        save_gallery(data, options.gallery)
    gains = []
    for seed in range(options.seed, options.seed + options.seeds):
        without, with_it = (train(data, kind, seed, options.epochs) for kind in (False, True))
        gains.append(with_it - without)
        scores = f"mean IoU {without:.3f} without, {with_it:.3f} with"
        print(f"seed {seed}: {scores}, gain {gains[-1]:+.3f}", flush=True)
    print(f"mean gain over {len(gains)} seeds: {np.mean(gains):+.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(OPTIONS))

"""
## What to try next

`docs/guides/choosing.md` has augmentations for other kinds of images, `docs/guides/masks.md` other
kinds of masks, and `examples/train_unet.py` the scores of each class.
"""
