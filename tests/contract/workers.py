"""Prints what worker processes draw: `python -m tests.contract.workers WAY WORKERS EPOCHS`.

A separate program, since no backend may have run before a process is forked. It prints JSON: for
each epoch the draw of each element, read from the brightness of a gray image.
"""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile

import keras
import numpy as np

import keras_segaug as ks

ITEMS = 16
GREY = np.full((1, 1, 1), 128, "float32")


def a_layer():
    return ks.ImageOnlyBrightness(0.4, seed=1, jit_compile=False)


def brightness(images):
    return np.asarray(keras.ops.convert_to_numpy(images)).ravel()[0].item()


class Items:
    """A dataset by index; with a key its elements are those of `augment`."""

    def __init__(self, layer, keyed=False):
        self.layer = layer
        self.keyed = keyed

    def __len__(self):
        return ITEMS

    def __getitem__(self, index):
        if self.keyed:
            return brightness(self.layer.augment(GREY, key=index))
        return brightness(self.layer(GREY))


class Wrapped(Items):
    """With the layer inside a Keras model, which Keras pickles in its own way."""

    def __getitem__(self, index):
        return brightness(self.layer(GREY[None], training=True))


class Sequence(keras.utils.PyDataset):
    """Records what it drew, in whichever process it runs."""

    def __init__(self, layer, path, **options):
        super().__init__(**options)
        self.layer = layer
        self.path = path

    def __len__(self):
        return ITEMS

    def __getitem__(self, index):
        drawn = brightness(self.layer(GREY))
        with open(self.path, "a") as file:
            file.write(f"{drawn!r}\n")
        return np.full((1, 1), drawn), np.zeros((1, 1))


def torch_loader(way, workers, epochs, seed):
    import torch
    from torch.utils.data import DataLoader

    torch.manual_seed(seed)
    layer = a_layer()
    if way in ("built", "model", "spawned"):
        layer(GREY)
    items = Items(layer, keyed=way == "keyed")
    if way == "model":
        items = Wrapped(keras.Sequential([keras.Input((1, 1, 1)), layer]))
    options = {}
    if workers:
        # TensorFlow and JAX do not work in a forked process.
        forks = keras.backend.backend() == "torch" and way not in ("model", "spawned")
        options = {"multiprocessing_context": "fork" if forks else "spawn"}
    loader = DataLoader(items, batch_size=None, num_workers=workers, **options)
    return [[float(x) for x in loader] for _ in range(epochs)]


def py_dataset(way, workers, epochs, seed):
    if way != "threads" and keras.backend.backend() != "torch":
        # TensorFlow or JAX is busy with `fit` when Keras makes the processes.
        multiprocessing.set_start_method("spawn")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    with tempfile.NamedTemporaryFile("r") as file:
        layer = a_layer()
        if way == "built":
            layer(GREY)
        sequence = Sequence(layer, file.name, workers=workers, use_multiprocessing=way != "threads")
        model.fit(sequence, epochs=epochs, verbose=0)
        return [[float(line) for line in file]]


_inherited: list = []


def _draw(number):
    return brightness(_inherited[0](GREY))


def forked(way, workers, epochs, seed):
    """Forks while TensorFlow is idle, the only safe moment."""
    _inherited.append(a_layer())
    _inherited[0](GREY)
    drawn = []
    for _ in range(epochs):
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            drawn.append(pool.map(_draw, range(ITEMS), chunksize=1))
    return drawn


def pool(way, workers, epochs, seed):
    """A pool, which pickles the layer anew for every task, in the state that it has here."""
    layer = a_layer()
    items = Items(layer)
    if way == "built":
        layer(GREY)
    if way == "model":
        items = Wrapped(keras.Sequential([keras.Input((1, 1, 1)), layer]))
    with multiprocessing.get_context("spawn").Pool(workers) as processes:
        return [processes.map(items.__getitem__, range(ITEMS), chunksize=1) for _ in range(epochs)]


def grain_map(way, workers, epochs, seed):
    import grain
    from absl import flags

    flags.FLAGS(sys.argv[:1])
    layer = a_layer()

    def augment(index):
        return brightness(layer.augment(GREY, key=int(index)) if way == "keyed" else layer(GREY))

    drawn = []
    for _ in range(epochs):
        dataset = grain.MapDataset.range(ITEMS).map(augment).to_iter_dataset()
        if workers:
            dataset = dataset.mp_prefetch(grain.MultiprocessingOptions(num_workers=workers))
        drawn.append([float(x) for x in dataset])
    return drawn


def replicas(way, workers, epochs, seed):
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration() for _ in range(workers)]
    )
    strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(workers)])
    with strategy.scope():
        layer = a_layer()
        layer(GREY)

    @tf.function
    def step():
        return strategy.run(lambda: layer(tf.constant(GREY)))

    calls = ITEMS // workers
    results = [[strategy.experimental_local_results(step()) for _ in range(calls)] for _ in "ab"]
    return [[brightness(x) for each in epoch for x in each] for epoch in results]


def cluster(way, workers, epochs, seed):
    """As many processes as a `MultiWorkerMirroredStrategy` has, each with its share of items."""
    sockets = [socket.create_server(("localhost", 0)) for _ in range(workers)]
    names = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    children = []
    for index in range(workers):
        task = {"cluster": {"worker": names}, "task": {"type": "worker", "index": index}}
        command = [sys.executable, "-m", "tests.contract.workers", "member", way]
        environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
        command += [str(workers), str(epochs), str(seed)]
        children.append(subprocess.Popen(command, stdout=-1, text=True, env=environment))
    try:
        said = [child.communicate(timeout=100)[0] for child in children]
    finally:
        for child in children:
            child.kill()
            child.wait()
    drawn = [json.loads(each.split("DRAWN ")[1]) for each in said]
    return [[x for each in of_all for x in each] for of_all in zip(*drawn, strict=True)]


def member(way, workers, epochs, seed):
    import tensorflow as tf

    # This must come before the first tensor.
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    with strategy.scope():
        # All members have the seed that the first one drew.
        mirrored = ks.ImageOnlyBrightness(0.4, jit_compile=False)
        mirrored(GREY)
    seeded = a_layer()

    def share(context):
        items = tf.data.Dataset.range(ITEMS)
        items = items.shard(context.num_input_pipelines, context.input_pipeline_id)
        return items.map(lambda _: (mirrored(GREY), seeded(GREY)))

    items = strategy.distribute_datasets_from_function(share)
    local = strategy.experimental_local_results
    return [
        [brightness(x) for pair in items for each in pair for x in local(each)]
        for _ in range(epochs)
    ]


WAYS = {
    "cluster": cluster,
    "member": member,
    "torch": torch_loader,
    "py": py_dataset,
    "forked": forked,
    "pool": pool,
    "grain": grain_map,
    "replicas": replicas,
}

if __name__ == "__main__":
    engine, way, workers, epochs, seed = sys.argv[1:]
    drawn = WAYS[engine](way, int(workers), int(epochs), int(seed))
    print("DRAWN " + json.dumps(drawn))
