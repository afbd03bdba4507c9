"""Trains a small U-Net on CT slices, without and with keras_segaug, and compares the two.

    python examples/train_unet.py --backend tensorflow

All slices are of one patient. The scores say how well a network labels blocks of this patient's
slices that it has not seen; they say nothing about other patients.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def positive(text):
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return int(text)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--data",
        type=Path,
        default=HERE / "data" / "ct",
        help="folder with images/*.png, masks/*.png of equal names and, optionally, classes.json",
    )
    parser.add_argument("--epochs", type=positive, default=80)
    parser.add_argument("--backend", choices=("tensorflow", "jax", "torch"), default="tensorflow")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument(
        "--seeds", type=positive, default=1, help="seeds to compare over (default: 1)"
    )
    parser.add_argument("--output", type=Path, default=HERE / "output")
    parser.add_argument("--predict-again", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    OPTIONS = read_options()
    # Keras reads this once, while it is imported.
    os.environ["KERAS_BACKEND"] = OPTIONS.backend
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import Progress, TimeElapsedColumn  # noqa: E402
from rich.table import Table  # noqa: E402
from slices import IGNORED, read_pairs, split  # noqa: E402

import keras_segaug as segaug  # noqa: E402

CONSOLE = Console()
SLICES_A_STEP = 4
EPOCHS_A_SCORE = 5
FILTERS = (8, 24, 48, 96)

# Where a moved or padded slice shows nothing, nothing is known about the class.
BORDER = {"fill_mode": "constant", "fill_value": 0.0, "mask_fill_value": IGNORED}


# --- Augmentation ----------------------------------------------------------------------------


def geometry(size, seed):
    """Moves image, mask and pixel weights alike; needs all of them, so it runs in the dataset.

    There is no flip. The groups do not tell left from right, so a mirrored mask would still name
    every pixel rightly; but no patient lies head down or face down here, and mirrored left to
    right the liver and the spleen would change sides, which is where a network looks for them.
    """
    return segaug.Pipeline(
        [
            segaug.JointRandomRotation(0.04, **BORDER),
            segaug.JointRandomZoom(0.2, 0.2, **BORDER),
            segaug.JointRandomTranslation(0.08, 0.08, **BORDER),
            # Last, and merged with the others: pads to a size that the U-Net can halve.
            segaug.JointCenterCrop(*size, **BORDER),
        ],
        seed=seed,
    )


def color(seed):
    """Scanners and doses differ. Needs the image only, so it lives in the model."""
    return segaug.Pipeline(
        [
            segaug.ImageOnlyBrightness(0.1),
            segaug.ImageOnlyContrast(0.2),
            segaug.ImageOnlyGamma(0.2),
            segaug.ImageOnlyGaussianNoise(0.04),
        ],
        seed=seed,
    )


# --- Network ---------------------------------------------------------------------------------


def build_model(size, class_count, augmentation):
    """From gray levels 0-255 to logits. What the augmentation does, it does in training only."""
    image_input = keras.Input((*size, 1))
    preparation = segaug.Pipeline([*augmentation, segaug.ImageOnlyRescaling(1 / 127.5, -1.0)])
    return keras.Model(image_input, build_unet(size, class_count)(preparation(image_input)))


def build_unet(size, class_count):
    inputs = features = keras.Input((*size, 1))
    skips = []
    for filters in FILTERS[:-1]:
        features = convolve(features, filters)
        skips.append(features)
        features = keras.layers.MaxPooling2D()(features)
    features = convolve(features, FILTERS[-1])
    for filters, skip in zip(FILTERS[-2::-1], reversed(skips), strict=True):
        features = keras.layers.UpSampling2D()(features)
        features = convolve(keras.layers.Concatenate()([features, skip]), filters)
    return keras.Model(inputs, keras.layers.Conv2D(class_count, 1)(features), name="unet")


def convolve(features, filters):
    # At full size, the dearest part, one convolution has to do.
    for _ in range(1 if filters == FILTERS[0] else 2):
        features = keras.layers.Conv2D(
            filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal"
        )(features)
        # A run has a few hundred steps: the usual 0.99 would average over half of them.
        features = keras.layers.BatchNormalization(momentum=0.9)(features)
        features = keras.layers.ReLU()(features)
    return features


# --- Training and scoring --------------------------------------------------------------------


class Data:
    """The slices of both parts. A test slice is padded, a training slice is left to `train`."""

    def __init__(self, images, masks, names):
        self.names = names
        # Three halvings in the U-Net.
        self.size = [-(-length // 8) * 8 for length in masks.shape[1:]]
        self.pad = segaug.JointCenterCrop(*self.size, **BORDER)
        training, testing = split(len(images))
        counts = np.bincount(masks[training].ravel(), minlength=256)[: len(names)]
        # Vessels are over 100 times rarer than background: unweighted, they were never learnt.
        rarity = np.zeros(256, "float32")
        rarity[: len(names)] = np.sqrt(counts.sum() / np.maximum(counts, 1) / len(names))
        self.training = (images[training], masks[training], rarity[masks[training]])
        self.steps = len(training) // SLICES_A_STEP
        padded = self.pad(images[testing], masks[testing])
        self.test_images, self.test_masks = map(keras.ops.convert_to_numpy, padded)


def train(data, seed, augmented, epochs, initial_weights):
    """Returns the model, the IoUs of the classes by epoch, and the U-Net's first weights."""
    keras.utils.set_random_seed(seed)
    model = build_model(data.size, len(data.names), [color(seed)] if augmented else [])
    unet = model.get_layer("unet")
    # Both runs start alike.
    initial_weights = initial_weights or unet.get_weights()
    unet.set_weights(initial_weights)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * data.steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED)
    model.compile(keras.optimizers.Adam(rate), loss)
    dataset = tf.data.Dataset.from_tensor_slices(data.training).shuffle(1000, seed=seed)
    dataset = dataset.batch(SLICES_A_STEP, drop_remainder=True)
    dataset = dataset.map(geometry(data.size, seed) if augmented else data.pad).prefetch(2)
    title, scores = f"seed {seed}, {'with' if augmented else 'without'} augmentation", {}
    with Progress(
        *Progress.get_default_columns(), TimeElapsedColumn(), console=CONSOLE
    ) as progress:
        task = progress.add_task(title, total=epochs)
        bar = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: progress.advance(task))
        for start in range(0, epochs, EPOCHS_A_SCORE):
            end = min(start + EPOCHS_A_SCORE, epochs)
            # The dataset shuffles; Keras warns unless told not to.
            options = {"callbacks": [bar], "shuffle": False, "verbose": 0}
            model.fit(dataset, initial_epoch=start, epochs=end, **options)
            scores[end] = class_ious(data.test_masks, predict(model, data), len(data.names))
            progress.print(f"{title}, epoch {end}: mean IoU {np.nanmean(scores[end]):.4f}")
    return model, scores, initial_weights


def predict(model, data):
    return model.predict(data.test_images, batch_size=SLICES_A_STEP, verbose=0).argmax(-1)


def class_ious(masks, predicted, class_count):
    """Intersection over union of each class, NaN for a class that no mask holds."""
    scored = masks != IGNORED
    pairs = masks[scored].astype("int64") * class_count + predicted[scored]
    confusion = np.bincount(pairs, minlength=class_count**2).reshape(class_count, class_count)
    hits, present = confusion.diagonal(), confusion.sum(1)
    union = present + confusion.sum(0) - hits
    return np.where(present > 0, hits / np.maximum(union, 1), np.nan)


def compare(data, seed, epochs):
    """Trains twice; returns the augmented model and both mean IoUs after the last epoch."""
    _, without, initial_weights = train(data, seed, False, epochs, None)
    model, with_it, _ = train(data, seed, True, epochs, initial_weights)
    table = Table("test blocks", "without", "with", "gain", title=f"IoU, seed {seed}")
    rows = [(f"mean, epoch {n}", np.nanmean(without[n]), np.nanmean(with_it[n])) for n in without]
    rows += zip(data.names, without[epochs], with_it[epochs], strict=True)
    for name, before, after in rows:
        table.add_row(name, f"{before:.4f}", f"{after:.4f}", f"{after - before:+.4f}")
    CONSOLE.print(table)
    return model, np.nanmean(without[epochs]), np.nanmean(with_it[epochs])


# --- Saving ----------------------------------------------------------------------------------


def save_and_check(model, data, output):
    """Saves the model both ways; a fresh process has to predict what the model in memory does."""
    model.save(output / "model.keras")
    if keras.backend.backend() == "torch":
        print("No SavedModel: with the torch backend Keras exports one through torch_xla only.")
    else:
        model.export(output / "saved_model", format="tf_saved_model", verbose=False)
    expected = model.predict(data.test_images, batch_size=SLICES_A_STEP, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "images.npy", data.test_images)
        command = [sys.executable, __file__, "--backend", keras.backend.backend()]
        command += ["--output", str(output), "--predict-again", folder]
        subprocess.run(command, check=True)
        for path in sorted(Path(folder).glob("predicted_by_*.npy")):
            name, predicted = path.stem.removeprefix("predicted_by_"), np.load(path)
            difference = np.abs(predicted - expected).max()
            if not np.allclose(predicted, expected, rtol=1e-3, atol=1e-3):
                raise RuntimeError(f"{output / name} predicts other logits, by {difference}.")
            print(f"{name} in a fresh process: same predictions (within {difference:.1e})")


def predict_again(output, folder):
    """What the fresh process does."""
    images = np.load(folder / "images.npy")
    model = keras.saving.load_model(output / "model.keras")
    predicted = model.predict(images, batch_size=SLICES_A_STEP, verbose=0)
    np.save(folder / "predicted_by_model.keras.npy", predicted)
    if keras.backend.backend() != "torch":
        served = tf.saved_model.load(str(output / "saved_model"))
        np.save(folder / "predicted_by_saved_model.npy", served.serve(images).numpy())


# --- The job ---------------------------------------------------------------------------------


def draw_pairs(images, masks, data, seed):
    """The pairs and four draws of each, the masks over them, as a figure."""
    both = segaug.Pipeline([geometry(data.size, seed), color(seed)])
    options = {"class_names": data.names, "ignore_index": IGNORED, "seed": seed}
    return segaug.plot_gallery(both, *data.pad(images, masks), **options)


def main(options):
    if options.predict_again:
        predict_again(options.output, options.predict_again)
        return 0
    try:
        images, masks, names = read_pairs(options.data)
        data = Data(images, masks, names)
    except (FileNotFoundError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    options.output.mkdir(parents=True, exist_ok=True)
    print(f"{len(data.training[0])} slices to train on, {len(data.test_images)} to test on")
    rows = np.linspace(0, len(images) - 1, 5).astype(int)[1:]
    sheet = options.output / "augmented_pairs.png"
    draw_pairs(images[rows], masks[rows], data, options.seed).savefig(sheet, dpi=110)
    print(f"Wrote {sheet}")
    results = []
    for seed in range(options.seed, options.seed + options.seeds):
        model, without, with_it = compare(data, seed, options.epochs)
        results.append((without, with_it))
        if seed == options.seed:
            save_and_check(model, data, options.output)
    for seed, (without, with_it) in enumerate(results, options.seed):
        gain = f"gain {with_it - without:+.4f}"
        print(f"seed {seed}: mean IoU {without:.4f} without, {with_it:.4f} with, {gain}")
    print(f"mean gain over {len(results)} seeds: {np.mean(np.diff(results)):+.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(OPTIONS))
