"""Runs layers on a batch that two devices share: `python -m tests.contract.run_shards`.

Prints the result for each as JSON: {"case": {"collectives", "sharded", "equal"}}.
"""

import contextlib
import json
import re

import jax
import keras
import numpy as np

import keras_segaug as ks
from keras_segaug.core import backend
from tests.data import labels, random_images

COUNT, SIDE = 8, 32
DATA = {"count": COUNT, "height": SIDE, "width": SIDE}
COLLECTIVES = r"all-(?:gather|reduce|to-all)|collective-permute|reduce-scatter"
LAYERS = {
    "chain": lambda: ks.Pipeline([ks.JointRandomRotation(0.1), ks.JointRandomCrop(24, 28)]),
    "color": lambda: ks.ImageOnlyEqualize(factor=0.5),
    "mixing": lambda: ks.JointCutMix(ignore_class=None),
    "across": lambda: ks.JointCutMix(ignore_class=None, across_shards=True),
}


def dealt_out(arrays):
    """The arrays, split over two devices along their first axis."""
    mesh = jax.sharding.Mesh(np.array(jax.devices()), ("parts",))
    place = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("parts"))
    return [jax.device_put(array, place) for array in arrays]


def is_dealt_out(array):
    return len(array.addressable_shards) == 2 and all(
        shard.data.shape[0] == COUNT // 2 for shard in array.addressable_shards
    )


def facts(results, expected, program=""):
    return {
        "collectives": sorted(set(re.findall(COLLECTIVES, program))),
        "sharded": all(map(is_dealt_out, results)),
        "equal": all(map(np.array_equal, results, expected)),
    }


@contextlib.contextmanager
def drawing_as_two():
    """One device draws as two do, but holds the whole batch."""
    shards, backend.batch_shards = backend.batch_shards, lambda: 2
    try:
        yield
    finally:
        backend.batch_shards = shards


def in_a_program(make, data, key):
    """In a function traced by the user, where only Keras' distribution knows the devices."""

    def augmented(images, masks):
        return make().augment((images, masks), key)

    with drawing_as_two():
        expected = jax.jit(augmented)(*data)
    with keras.distribution.DataParallel().scope():
        program = jax.jit(augmented).lower(*dealt_out(data)).compile()
    return facts(program(*dealt_out(data)), expected, program.as_text())


def eagerly(make, data, key):
    """By a layer that was called before Keras knew of the devices; that must not matter."""
    with drawing_as_two():
        expected = make().augment(data, key)
    layer = make()
    layer.augment(data, key)
    with keras.distribution.DataParallel().scope():
        undealt = layer.augment(data, key)
        found = facts(layer.augment(tuple(dealt_out(data)), key), expected)
    return {**found, "equal": found["equal"] and facts(undealt, expected)["equal"]}


def main():
    data = random_images(**DATA), labels(**DATA)
    keys = ks.random.fold_in(ks.random.key(1)[None], np.arange(COUNT))
    found = {}
    for name, make in LAYERS.items():
        found[f"{name}, in a program"] = in_a_program(make, data, ks.random.key(1))
    found["chain, a key each"] = in_a_program(LAYERS["chain"], data, keys)
    for name in ("chain", "mixing"):
        found[f"{name}, eagerly"] = eagerly(LAYERS[name], data, ks.random.key(1))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
