"""Trains the U-Net of `train_unet.py` on CT slices with the augmentation in different places.

    python examples/train_in_model.py --backend tensorflow

The augmentation runs in the dataset (`dataset.map`), or in the model (`AugmentedModel`) on the
device that trains. One seed draws the same in both places. The network trained in the model finally
also predicts with eight views of each slice (`TestTimeAugmentation`). The table's last column has
the seconds of an epoch, without the first one, which compiles.
"""

import os
import sys
import time

from options import common_options

if __name__ == "__main__":
    OPTIONS = common_options(__doc__, epochs=80, seeds=3).parse_args()
    # Keras reads this once, while it is imported.
    os.environ["KERAS_BACKEND"] = OPTIONS.backend
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table
from slices import IGNORED, read_pairs, split
from unet import BORDER, build_model, class_ious, class_weights, color, geometry, halvable

import keras_segaug as segaug

SLICES_A_STEP = 4


def augmentation(size, seed):
    """The same for both; without other steps, such as the scaling of gray levels."""
    return segaug.Pipeline([geometry(size, seed), color(seed)], seed=seed)


# --- The ways --------------------------------------------------------------------------------


def in_the_dataset(model, dataset, size, seed):
    return model, dataset.map(augmentation(size, seed), num_parallel_calls=2)


def in_the_model(model, dataset, size, seed):
    return segaug.AugmentedModel(model, augmentation(size, seed)), dataset


WAYS = {"dataset.map": in_the_dataset, "AugmentedModel": in_the_model}


def predictors(name, model):
    """The models that predict at the end, by the name of their row in the table."""
    if name != "AugmentedModel":
        return {name: model}
    # Weaker than in training, and without a flip, for the reason that `geometry` gives.
    views = [segaug.JointRandomRotation(0.02, **BORDER), segaug.JointRandomZoom(0.1, 0.1, **BORDER)]
    tta = segaug.TestTimeAugmentation(model.model, segaug.Pipeline(views, seed=0), logits=True)
    return {name: model, f"{name}, 8 views": tta}


# --- Training and scoring --------------------------------------------------------------------


class Clock(keras.callbacks.Callback):
    """The seconds of each epoch."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.start)


def train(name, data, names, seed, epochs):
    """Returns {row: mean IoU on the test slices}, and the seconds of an epoch."""
    keras.utils.set_random_seed(seed)
    (images, masks, weights), test_images, test_masks = data
    size, steps = halvable(masks.shape[1:]), len(images) // SLICES_A_STEP
    model = build_model(size, len(names), [])
    dataset = tf.data.Dataset.from_tensor_slices((images, masks, weights))
    dataset = dataset.shuffle(1000, seed=seed).repeat().batch(SLICES_A_STEP)
    model, dataset = WAYS[name](model, dataset, size, seed)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED)
    model.compile(keras.optimizers.Adam(rate), loss)
    clock = Clock()
    # The dataset shuffles; Keras warns unless told not to.
    options = {"steps_per_epoch": steps, "callbacks": [clock], "shuffle": False, "verbose": 0}
    model.fit(dataset.prefetch(2), epochs=epochs, **options)
    scores = {}
    for row, predictor in predictors(name, model).items():
        found = predictor.predict(test_images, batch_size=SLICES_A_STEP, verbose=0).argmax(-1)
        scores[row] = np.nanmean(class_ious(test_masks, found, len(names)))
    return scores, np.median(clock.seconds[1:] or clock.seconds)


def prepared(images, masks, names):
    """(images, masks, weights of pixels) to train on, and the padded test slices."""
    training, testing = split(len(images))
    weights = class_weights(masks[training], len(names))[masks[training]]
    pad = segaug.JointCenterCrop(*halvable(masks.shape[1:]), **BORDER)
    padded = map(keras.ops.convert_to_numpy, pad(images[testing], masks[testing]))
    return (images[training], masks[training], weights), *padded


# --- The job ---------------------------------------------------------------------------------


def main(options):
    try:
        images, masks, names = read_pairs(options.data)
        data = prepared(images, masks, names)
    except (FileNotFoundError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    seeds = range(options.seed, options.seed + options.seeds)
    table = Table("augmentation in", "mean IoU", "of each seed", "seconds an epoch")
    for name in WAYS:
        results = [train(name, data, names, seed, options.epochs) for seed in seeds]
        found, times = zip(*results, strict=True)
        seconds = np.median(times)
        for row in found[0]:
            scores = [each[row] for each in found]
            each = ", ".join(f"{score:.4f}" for score in scores)
            table.add_row(row, f"{np.mean(scores):.4f}", each, f"{seconds:.2f}")
            print(f"{row}: mean IoU {np.mean(scores):.4f}, {seconds:.2f} s an epoch")
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(OPTIONS))
