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

from options import HERE, common_options


def read_options():
    parser = common_options(__doc__, epochs=80, seeds=1)
    parser.add_argument("--output", type=Path, default=HERE / "output")
    parser.add_argument(
        "--loader",
        choices=("tf.data", "grain"),
        default="tf.data",
        help="with grain and another backend than tensorflow, all runs without TensorFlow",
    )
    parser.add_argument("--predict-again", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    OPTIONS = read_options()
    # Keras reads this once, while it is imported.
    os.environ["KERAS_BACKEND"] = OPTIONS.backend
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import Progress, TimeElapsedColumn  # noqa: E402
from rich.table import Table  # noqa: E402
from slices import IGNORED, read_pairs, split  # noqa: E402
from unet import BORDER, build_model, class_ious, class_weights, color, geometry, halvable  # noqa: E402

import keras_segaug as segaug  # noqa: E402

CONSOLE = Console()
SLICES_A_STEP = 4
EPOCHS_A_SCORE = 5


# --- Training and scoring --------------------------------------------------------------------


class Data:
    """The slices of both parts. Test slices are padded here, training slices in `train`."""

    def __init__(self, images, masks, names):
        self.names = names
        self.size = halvable(masks.shape[1:])
        self.pad = segaug.JointCenterCrop(*self.size, **BORDER)
        training, testing = split(len(images))
        weights = class_weights(masks[training], len(names))[masks[training]]
        self.training = (images[training], masks[training], weights)
        self.steps = len(training) // SLICES_A_STEP
        padded = self.pad(images[testing], masks[testing])
        self.test_images, self.test_masks = map(keras.ops.convert_to_numpy, padded)


def tf_batches(data, seed, layer):
    """A function from the first and the last epoch to the arguments of `fit`, by `tf.data`."""
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices(data.training).shuffle(1000, seed=seed)
    dataset = dataset.batch(SLICES_A_STEP, drop_remainder=True).map(layer).prefetch(2)
    return lambda start, end: {"x": dataset}


def grain_batches(data, seed, layer):
    """The same by grain, cut into epochs here, because each `fit` restarts a dataset."""
    import grain

    from keras_segaug.data.grain import Augment

    dataset = grain.MapDataset.source(list(zip(*data.training, strict=True))).seed(seed).shuffle()
    dataset = dataset.repeat().batch(SLICES_A_STEP).random_map(Augment(layer))
    steps = data.steps
    return lambda start, end: {"x": dataset[start * steps : end * steps], "steps_per_epoch": steps}


def train(data, seed, augmented, epochs, initial_weights, loader):
    """Returns the model, the IoUs of the classes by epoch, and the U-Net's initial weights."""
    keras.utils.set_random_seed(seed)
    model = build_model(data.size, len(data.names), [color(seed)] if augmented else [])
    unet = model.get_layer("unet")
    # Both runs start from the same weights.
    initial_weights = initial_weights or unet.get_weights()
    unet.set_weights(initial_weights)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * data.steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED)
    model.compile(keras.optimizers.Adam(rate), loss)
    make = grain_batches if loader == "grain" else tf_batches
    batches = make(data, seed, geometry(data.size, seed) if augmented else data.pad)
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
            model.fit(**batches(start, end), initial_epoch=start, epochs=end, **options)
            scores[end] = class_ious(data.test_masks, predict(model, data), len(data.names))
            progress.print(f"{title}, epoch {end}: mean IoU {np.nanmean(scores[end]):.4f}")
    return model, scores, initial_weights


def predict(model, data):
    return model.predict(data.test_images, batch_size=SLICES_A_STEP, verbose=0).argmax(-1)


def compare(data, seed, epochs, loader):
    """Trains twice; returns the augmented model and both mean IoUs after the last epoch."""
    _, without, initial_weights = train(data, seed, False, epochs, None, loader)
    model, with_it, _ = train(data, seed, True, epochs, initial_weights, loader)
    table = Table("test blocks", "without", "with", "gain", title=f"IoU, seed {seed}")
    rows = [(f"mean, epoch {n}", np.nanmean(without[n]), np.nanmean(with_it[n])) for n in without]
    rows += zip(data.names, without[epochs], with_it[epochs], strict=True)
    for name, before, after in rows:
        table.add_row(name, f"{before:.4f}", f"{after:.4f}", f"{after - before:+.4f}")
    CONSOLE.print(table)
    return model, np.nanmean(without[epochs]), np.nanmean(with_it[epochs])


# --- Saving ----------------------------------------------------------------------------------


def save_and_check(model, data, output, loader):
    """Saves the model both ways and checks that a fresh process predicts the same."""
    model.save(output / "model.keras")
    if keras.backend.backend() == "torch":
        print("No SavedModel: with the torch backend Keras exports one through torch_xla only.")
    elif loader == "grain":
        print("No SavedModel: TensorFlow writes them, which this run does without.")
    else:
        model.export(output / "saved_model", format="tf_saved_model", verbose=False)
    expected = model.predict(data.test_images, batch_size=SLICES_A_STEP, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "images.npy", data.test_images)
        command = [sys.executable, __file__, "--backend", keras.backend.backend()]
        command += ["--output", str(output), "--loader", loader, "--predict-again", folder]
        subprocess.run(command, check=True)
        for path in sorted(Path(folder).glob("predicted_by_*.npy")):
            name, predicted = path.stem.removeprefix("predicted_by_"), np.load(path)
            difference = np.abs(predicted - expected).max()
            if not np.allclose(predicted, expected, rtol=1e-3, atol=1e-3):
                raise RuntimeError(f"{output / name} predicts other logits, by {difference}.")
            print(f"{name} in a fresh process: same predictions (within {difference:.1e})")


def predict_again(output, folder, loader):
    """What the fresh process does."""
    images = np.load(folder / "images.npy")
    model = keras.saving.load_model(output / "model.keras")
    predicted = model.predict(images, batch_size=SLICES_A_STEP, verbose=0)
    np.save(folder / "predicted_by_model.keras.npy", predicted)
    if keras.backend.backend() != "torch" and loader != "grain":
        import tensorflow as tf

        served = tf.saved_model.load(str(output / "saved_model"))
        np.save(folder / "predicted_by_saved_model.npy", served.serve(images).numpy())


# --- The job ---------------------------------------------------------------------------------


def draw_pairs(images, masks, data, seed):
    """A figure of the pairs and four draws of each, with the masks over them."""
    both = segaug.Pipeline([geometry(data.size, seed), color(seed)])
    options = {"class_names": data.names, "ignore_index": IGNORED, "seed": seed}
    return segaug.plot_gallery(both, *data.pad(images, masks), **options)


def main(options):
    if options.predict_again:
        predict_again(options.output, options.predict_again, options.loader)
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
        model, without, with_it = compare(data, seed, options.epochs, options.loader)
        results.append((without, with_it))
        if seed == options.seed:
            save_and_check(model, data, options.output, options.loader)
    for seed, (without, with_it) in enumerate(results, options.seed):
        gain = f"gain {with_it - without:+.4f}"
        print(f"seed {seed}: mean IoU {without:.4f} without, {with_it:.4f} with, {gain}")
    print(f"mean gain over {len(results)} seeds: {np.mean(np.diff(results)):+.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(OPTIONS))
