"""Mixes many random batches: `python -m tests.mixing.run_batches 500`.

For every output pixel, image, masks and weights must come from one place of one sample: eagerly,
compiled, and in `dataset.map`. For MixUp, the blend must be the one that the layer reports.
"""

import argparse
import time

import keras
import numpy as np

import keras_segaug as ks
from tests.data import labels, random_images, to_numpy
from tests.mixing.promises import batch_of_places, check_places
from tests.mixing.test_mixing import PLACED, made

FORMS = ("eager", "compiled", "dataset")


def results_of(layer, form, count):
    """(batch, its result), `count` times."""
    batches = (batch_of_places(seed=seed) for seed in range(count))
    if form != "dataset":
        yield from ((data, to_numpy(layer(data))) for data in batches)
        return
    import tensorflow as tf

    like = keras.tree.map_structure(lambda x: tf.TensorSpec(x.shape, x.dtype), batch_of_places())
    given = tf.data.Dataset.from_generator(lambda: batches, output_signature=like)
    mapped = given.map(lambda data: (data, layer(data)))
    yield from mapped.as_numpy_iterator()


def check_blend(call, seed):
    """Images and soft masks are blended with the shares that the layer reports."""
    images, classes = random_images(4, seed=seed).astype("float32"), labels(4, seed=seed)
    hot = np.eye(5, dtype="float32")[classes]
    found = to_numpy(call({"images": images, "masks": hot}))
    mixing = found["mixing"]
    own, share = mixing["sample"], mixing["share"][..., None]
    other = mixing["other"]
    rows, columns = np.indices(classes.shape[1:])
    for result, given in ((found["images"], images), (found["masks"], hot)):
        blended = share * given[own, rows, columns] + (1 - share) * given[other, rows, columns]
        np.testing.assert_allclose(result, blended, atol=1e-3 * np.abs(given).max())
    np.testing.assert_allclose(found["masks"].sum(-1), 1.0, atol=1e-5)


def run(case, form, count):
    """Runs the layer of a case `count` times."""
    layer, mixed = made(case, jit_compile=form != "eager"), 0
    for data, found in results_of(layer, form, count):
        sample = check_places(data, found)
        mixed += (sample != np.arange(len(sample))[:, None, None]).any()
    assert mixed > 0.9 * count, f"only {mixed} batches were mixed"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    count = parser.parse_args().count
    backend = keras.backend.backend()
    for form in FORMS:
        for case in PLACED:
            start = time.time()
            run(case, form, count)
            print(
                f"{backend} {form} {case.id}: {count} batches, {time.time() - start:.0f} s",
                flush=True,
            )
    soft = ks.JointMixUp(masks="soft", seed=3)
    for seed in range(count):
        check_blend(lambda data: soft(data, return_mixing="mixing"), seed)
    print(f"{backend} JointMixUp: {count} batches", flush=True)


if __name__ == "__main__":
    main()
