"""What augmentation adds to a train step: in the model, by Keras' layers, or in `dataset.map`.

    KERAS_BACKEND=tensorflow python -m benchmarks.training --size 256 --batch 8 --rounds 5

One round is one step of each, one after the other in one process, so that other work on the machine
slows all of them alike. It reports medians, and the median of the ratios within each round, both
for the time by the clock and for the processor time, which says more where others use the machine.
"""

import argparse
import json
import time

import keras
import numpy as np

import keras_segaug as ks

CLASSES = 4
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def unet(size, filters, augmentation=(), classes=CLASSES):
    """A U-Net; with 16, 32, 64, 128 and 256 filters it has 1.9 million parameters."""
    inputs = features = keras.Input((size, size, 3))
    for layer in augmentation:
        features = layer(features)
    features = keras.layers.Rescaling(1 / 255)(features)
    skips = []
    for count in filters[:-1]:
        features = two_convolutions(features, count)
        skips.append(features)
        features = keras.layers.MaxPooling2D(2)(features)
    features = two_convolutions(features, filters[-1])
    for count, skip in zip(filters[-2::-1], reversed(skips), strict=True):
        features = keras.layers.UpSampling2D(2)(features)
        features = two_convolutions(keras.layers.Concatenate()([features, skip]), count)
    return keras.Model(inputs, keras.layers.Conv2D(classes, 1)(features))


def two_convolutions(features, count):
    for _ in range(2):
        features = keras.layers.Conv2D(count, 3, padding="same", use_bias=False)(features)
        features = keras.layers.ReLU()(keras.layers.BatchNormalization()(features))
    return features


def pipeline():
    return ks.Pipeline(
        [
            ks.JointRandomFlip("horizontal"),
            ks.JointRandomRotation(0.05),
            ks.JointRandomZoom(0.2),
            ks.ImageOnlyBrightness(0.1),
            ks.ImageOnlyContrast(0.2),
        ],
        seed=1,
    )


def layers_of_keras():
    """For the image alone, because Keras cannot move a mask that the model does not see."""
    return [
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomRotation(0.05),
        keras.layers.RandomZoom(0.2),
        keras.layers.RandomBrightness(0.1),
        keras.layers.RandomContrast(0.2),
    ]


def contenders(options, batch):
    """{name: a function that runs one step}."""
    filters = [int(count) for count in options.filters.split(",")]

    def step_of(model, data=lambda: batch, compiled="auto"):
        model.compile(keras.optimizers.Adam(), LOSS, jit_compile=compiled)
        return lambda: model.train_on_batch(*data())

    plain = unet(options.size, filters)
    found = {
        "plain": step_of(plain, compiled=options.jit_compile),
        "AugmentedModel": step_of(
            ks.AugmentedModel(unet(options.size, filters), pipeline()),
            compiled=options.jit_compile,
        ),
    }
    if options.all:
        keras_model = unet(options.size, filters, layers_of_keras())
        found["Keras' layers"] = step_of(keras_model, compiled=False)
        import tensorflow as tf

        # Without prefetching, which would hide the work behind the steps of the others.
        mapped = tf.data.Dataset.from_tensors(batch).repeat().map(pipeline())
        iterator = iter(mapped)
        found["dataset.map"] = step_of(
            unet(options.size, filters), lambda: next(iterator), options.jit_compile
        )
    return plain.count_params(), found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--filters", default="16,32,64,128,256")
    parser.add_argument("--all", action="store_true", help="Keras' layers and dataset.map, too")
    parser.add_argument("--jit-compile", action="store_const", const=True, default="auto")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    shape = (options.batch, options.size, options.size)
    batch = rng.integers(0, 256, (*shape, 3), "uint8"), rng.integers(0, CLASSES, shape, "uint8")
    parameters, steps = contenders(options, batch)
    seconds: dict = {name: [] for name in steps}
    # The first round compiles.
    for number in range(options.rounds + 1):
        for name, step in steps.items():
            start = np.array([time.perf_counter(), time.process_time()])
            step()
            if number:
                seconds[name].append(np.array([time.perf_counter(), time.process_time()]) - start)
    print(f"{keras.backend.backend()}, {shape}, {parameters} parameters, {options.rounds} rounds")
    for name, times in seconds.items():
        medians = np.median(times, axis=0)
        ratios = np.median(np.array(times) / np.array(seconds["plain"]), axis=0)
        clock, processor = (
            f"{median:.3f} s ({ratio:.3f})" for median, ratio in zip(medians, ratios, strict=True)
        )
        print(f"{name:16} {clock} by the clock, {processor} of processor time")
    print(json.dumps({name: np.round(times, 4).tolist() for name, times in seconds.items()}))


if __name__ == "__main__":
    main()
