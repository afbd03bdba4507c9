"""Trains a small U-Net in five ways on CT slices, of which few are labeled, and compares them.

    python examples/few_labels.py

Semi-supervised segmentation by weak-to-strong consistency (FixMatch; for masks UniMatch, Yang et
al., CVPR 2023, without its second strong view and its feature perturbations): where the network is
confident, its prediction for a weakly augmented slice is the label of the same slice, strongly
augmented. The methods differ in the strong augmentation: colors, geometry, or mixed slices.
`--epochs 2 --seeds 1` shows in a minute or two that everything runs.

All slices are of one patient. The scores say how well a network labels blocks of this patient's
slices that it has not seen; they say nothing about other patients.
"""

import json
import os
import sys
import time
from pathlib import Path

from options import HERE, common_options

METHODS = ("supervised", "color", "geometry", "classmix", "cutmix")


def read_options():
    parser = common_options(__doc__, epochs=100, seeds=3)
    parser.add_argument(
        "--methods", nargs="+", choices=METHODS, default=METHODS, help="(default: all)"
    )
    parser.add_argument(
        "--labeled",
        type=float,
        default=0.1,
        help="share of the training slices that are labeled, at least 4 (default: 0.1)",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.95,
        help="how sure the network must be of a pixel to learn from it (default: 0.95)",
    )
    parser.add_argument(
        "--results",
        type=Path,
        help="folder that keeps the score of each training, so that a run that was cut off goes on "
        "where it was; give another one after a change of the code",
    )
    parser.add_argument(
        "--write-docs",
        type=Path,
        nargs="?",
        const=HERE.parent / "docs",
        help="write few_labels.md and images/few_labels.png into this folder (default: docs)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    OPTIONS = read_options()
    # Keras reads this once, while it is imported.
    os.environ["KERAS_BACKEND"] = OPTIONS.backend
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import few_labels_report as report  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import ops  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import Progress, TimeElapsedColumn  # noqa: E402
from slices import IGNORED, read_pairs, split  # noqa: E402
from unet import BORDER, build_model, class_ious, class_weights, color, geometry, halvable  # noqa: E402

import keras_segaug as segaug  # noqa: E402

CONSOLE = Console()
# The number of labeled slices in a step, and also that of the unlabeled ones.
SLICES_A_STEP = 4
LEAST_LABELED = 4
# How much stronger a strong view is than a weak one.
STRONG = 2.0


# --- The methods -----------------------------------------------------------------------------


def views_and_mix(method, data, seed):
    """A `MultiView` of unlabeled slices, and a mixing layer for strong views; None if unused."""
    if method == "supervised":
        return None, None
    bent, colored = geometry(data.size, seed, STRONG), color(seed, STRONG)
    strong, mix = segaug.Identity(), None
    if method == "color":
        strong = colored
    elif method == "geometry":
        strong = segaug.Pipeline([bent, colored])
    elif method == "classmix":
        mix = segaug.JointClassMix(num_classes=len(data.names))
    else:
        mix = segaug.JointCutMix()
    if mix is not None:
        mix = segaug.Pipeline([mix, colored], seed=seed)
    weak = geometry(data.size, seed)
    views = {"weak": segaug.Identity(), "strong": strong}
    return segaug.MultiView(views, shared=weak, seed=seed), mix


class WeakToStrong(keras.Model):
    """Trains a network on labeled slices and, given views of them, on unlabeled ones."""

    def __init__(self, network, weights, views, mix, threshold):
        super().__init__()
        self.network = network
        self.weights_of_classes = weights
        self.views = views
        self.mix = mix
        self.threshold = threshold

    def build(self, shapes=None):
        # Now and not in the first step, because their variables hold the state of their draws.
        for layer in filter(None, (self.views, self.mix)):
            layer.build()

    def call(self, batch, training=False):
        samples = batch["labeled"]
        if not training:
            return self.network(samples[0])
        if self.views is not None:
            parts = zip(samples, self.pseudo_labeled(batch["unlabeled"]), strict=True)
            samples = [ops.concatenate(part) for part in parts]
        images, masks, weights = samples
        logits = self.network(images, training=True)
        losses = keras.losses.sparse_categorical_crossentropy(
            masks, logits, from_logits=True, ignore_class=IGNORED
        )
        # Both halves have the same weight.
        self.add_loss(ops.mean(losses * weights))
        return logits

    def pseudo_labeled(self, images):
        """(strong views, the labels that the weak ones got, the weight of each pixel)."""
        shown, parameters = self.views(images, training=True, return_parameters=True)
        scores = ops.softmax(self.network(shown["weak"], training=False))
        scores, valid = self.views.transfer(
            ops.stop_gradient(scores), parameters, source="weak", target="strong"
        )
        labels = ops.where(valid, ops.argmax(scores, axis=-1), IGNORED)
        weights = ops.take(self.weights_of_classes, labels)
        weights = ops.where(ops.max(scores, axis=-1) >= self.threshold, weights, 0.0)
        samples = shown["strong"], ops.cast(labels, "uint8"), weights
        return samples if self.mix is None else self.mix(*samples, training=True)


# --- Training and scoring --------------------------------------------------------------------


class Data:
    """Training slices, few of them labeled, and test slices."""

    def __init__(self, images, masks, names, share):
        self.names = names
        self.size = halvable(masks.shape[1:])
        training, testing = split(len(images))
        count = min(max(LEAST_LABELED, round(share * len(training))), len(training) - 1)
        # From the first to the last, evenly.
        labeled = training[np.linspace(0, len(training) - 1, count).round().astype(int)]
        self.weights = class_weights(masks[labeled], len(names))
        self.labeled = images[labeled], masks[labeled], self.weights[masks[labeled]]
        self.unlabeled = images[np.setdiff1d(training, labeled)]
        self.steps = max(1, len(self.unlabeled) // SLICES_A_STEP)
        self.classes_labeled = int(np.count_nonzero(self.weights))
        padded = segaug.JointCenterCrop(*self.size, **BORDER)(images[testing], masks[testing])
        self.test_images, self.test_masks = map(keras.ops.convert_to_numpy, padded)

    def batches(self, seed):
        """An endless dataset of augmented labeled slices and unchanged unlabeled ones."""

        def shuffled(arrays):
            dataset = tf.data.Dataset.from_tensor_slices(arrays).shuffle(1000, seed=seed)
            return dataset.repeat().batch(SLICES_A_STEP)

        augmentation = segaug.Pipeline([geometry(self.size, seed), color(seed)], seed=seed)
        parts = shuffled(self.labeled).map(augmentation), shuffled(self.unlabeled)
        dataset = tf.data.Dataset.zip(*parts)
        return dataset.map(lambda labeled, unlabeled: {"labeled": labeled, "unlabeled": unlabeled})


def train(data, method, seed, options):
    """The IoU of each class on the test slices after the last epoch."""
    keras.utils.set_random_seed(seed)
    # Built first, so that all methods start from the same weights.
    network = build_model(data.size, len(data.names), [])
    model = WeakToStrong(
        network, data.weights, *views_and_mix(method, data, seed), options.threshold
    )
    rate = keras.optimizers.schedules.CosineDecay(3e-3, options.epochs * data.steps)
    model.compile(keras.optimizers.Adam(rate))
    columns = *Progress.get_default_columns(), TimeElapsedColumn()
    with Progress(*columns, console=CONSOLE) as progress:
        task = progress.add_task(f"seed {seed}, {method}", total=options.epochs)
        bar = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: progress.advance(task))
        model.fit(
            data.batches(seed).prefetch(2),
            epochs=options.epochs,
            steps_per_epoch=data.steps,
            callbacks=[bar],
            # The dataset shuffles; Keras warns unless told not to.
            shuffle=False,
            verbose=0,
        )
    predicted = network.predict(data.test_images, batch_size=SLICES_A_STEP, verbose=0).argmax(-1)
    return class_ious(data.test_masks, predicted, len(data.names))


# --- The job ---------------------------------------------------------------------------------


def kept(data, method, seed, options):
    """(scores, minutes) of a training run, read from the folder of results if it has them."""
    said = [method, seed, options.epochs, options.labeled, options.threshold, options.backend]
    name = "-".join(map(str, said)) + ".json"
    path = None if options.results is None else options.results / name
    if path is not None and path.exists():
        held = json.loads(path.read_text())
        return np.array(held["ious"], "float64"), held["minutes"]
    start = time.perf_counter()
    found = np.asarray(train(data, method, seed, options), "float64")
    minutes = (time.perf_counter() - start) / 60
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"ious": found.tolist(), "minutes": minutes}))
    return found, minutes


def main(options):
    try:
        data = Data(*read_pairs(options.data), options.labeled)
    except (FileNotFoundError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    print(
        f"{len(data.labeled[0])} labeled slices with {data.classes_labeled} of {len(data.names)} "
        f"classes, {len(data.unlabeled)} unlabeled, {len(data.test_images)} to test on"
    )
    place, minutes = report.surroundings(), 0.0
    ious = {method: [] for method in options.methods}
    for seed in range(options.seed, options.seed + options.seeds):
        for method in ious:
            found, took = kept(data, method, seed, options)
            ious[method].append(found)
            minutes += took
            print(f"seed {seed}, {method}: mean IoU {np.nanmean(found):.4f}")
    CONSOLE.print(report.table(ious))
    if options.write_docs is not None:
        for path in report.write(options.write_docs, ious, data, options, place, minutes):
            print(f"Wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(OPTIONS))
