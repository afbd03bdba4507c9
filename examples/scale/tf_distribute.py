"""`tf.distribute`: augmentation in the input pipeline and in the model, in one process and in two.

    KERAS_BACKEND=tensorflow python -m examples.scale.tf_distribute

runs two replicas in one process (`MirroredStrategy` on two virtual CPUs) and two processes of one
replica each (`MultiWorkerMirroredStrategy`), and prints what was checked. Across machines start
your own script once on each, with a `TF_CONFIG` that names all of them and says which one this is.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from examples.scale.needs import need

need("tensorflow")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

import keras_segaug as ks  # noqa: E402
from examples.scale import common  # noqa: E402

if keras.backend.backend() != "tensorflow":
    raise SystemExit("Start this script with KERAS_BACKEND=tensorflow in the environment.")

RECORDS, BATCH, EPOCHS, WORKERS = 16, 8, 2, 2
SECONDS = 80  # After this time a worker is killed.
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def network(*layers):
    shape = (common.SIDE, common.SIDE, 3)
    ends = keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(4, 3, padding="same")
    return keras.Sequential([keras.Input(shape, dtype="uint8"), *layers, *ends])


def drawn(parameters):
    """One row for each sample: everything that decides what is done to it."""
    flat = [tf.cast(each, "float32") for each in keras.tree.flatten(parameters)]
    return tf.concat([tf.reshape(each, (tf.shape(each)[0], -1)) for each in flat], axis=1)


def check_hosts_agree(strategy, layer):
    """Raises on every host if the hosts' layers, seeds or versions of the package differ."""
    said = [list(layer.fingerprint().encode())]
    everybody = strategy.gather(strategy.run(lambda: tf.constant(said)), axis=0)
    if len(set(map(tuple, everybody.numpy()))) > 1:
        raise ValueError(f"The hosts have different augmentations; this one has {layer}.")


def counted(layer, epoch, numbers, images, masks):
    """Like `dataset.map(layer)`: the layer counts its calls."""
    pair, parameters = layer((images, masks), return_parameters=True)
    return numbers, *pair, drawn(parameters)


def keyed(layer, epoch, numbers, images, masks):
    """The key is (epoch, record), so it does not matter which worker computes the record."""
    keys = tf.stack([tf.fill(tf.shape(numbers), epoch), numbers], axis=-1)
    pair, parameters = layer.augment((images, masks), keys, return_parameters=True)
    return numbers, *pair, drawn(parameters)


def train(strategy, in_pipeline=None, in_model=None):
    """What the replicas of this process saw, with their losses, and the weights at the end."""
    with strategy.scope():
        # The layer counts its calls in a variable; created here, there is one for each replica.
        layer, model, optimizer = common.augmentation(), network(), keras.optimizers.SGD(0.1)
        layer.build()
        optimizer.build(model.trainable_variables)
    check_hosts_agree(strategy, layer)
    epoch = tf.Variable(0, dtype="uint32", trainable=False)

    def share(context):
        data = tf.data.Dataset.from_tensor_slices(common.records(RECORDS))
        # Sharded before mapping, so that no process augments what another one trains on.
        data = data.shard(context.num_input_pipelines, context.input_pipeline_id)
        data = data.batch(context.get_per_replica_batch_size(BATCH))
        return data.map(lambda *batch: in_pipeline(layer, epoch, *batch)) if in_pipeline else data

    def step(*batch):
        batch = in_model(layer, epoch, *batch) if in_model else batch
        with tf.GradientTape() as tape:
            loss = LOSS(batch[2], model(batch[1])) / strategy.num_replicas_in_sync
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        count = tf.shape(batch[0])
        return tf.fill(count, epoch), *batch, tf.fill(count, loss)

    steps = tf.function(lambda batch: strategy.run(step, batch))
    dataset, seen = strategy.distribute_datasets_from_function(share), []
    for number in range(EPOCHS):
        epoch.assign(number)
        for batch in dataset:
            parts = [strategy.experimental_local_results(part) for part in steps(batch)]
            seen += zip(*parts, strict=True)
    return [np.concatenate(part) for part in zip(*seen, strict=True)], model.get_weights()


FORMS = {
    "counted, in the pipeline": {"in_pipeline": counted},
    "keys, in the pipeline": {"in_pipeline": keyed},
    "counted, in the model": {"in_model": counted},
}


def rows(parameters):
    return {row.tobytes() for row in parameters}


def verify(who, epochs, numbers, images, masks, parameters, losses):
    """Raises unless each record came once an epoch, with its own draws, and as a matching pair."""
    wanted = [(epoch, record) for epoch in range(EPOCHS) for record in range(RECORDS)]
    once = sorted(zip(epochs.tolist(), numbers.tolist(), strict=True)) == wanted
    check(once, f"{who}: each record came once an epoch")
    check(len(rows(parameters)) == len(wanted), f"{who}: {len(wanted)} draws, all different")
    common.check_pairs(images, masks)
    check(np.isfinite(losses).all(), f"{who}: pairs exact, labels and dtypes kept, loss finite")


def in_order(epochs, numbers, *parts):
    """Images, masks and parameters by epoch and record; these do not depend on the worker."""
    order = np.lexsort((numbers, epochs))
    return [part[order] for part in parts[:3]]


def check(holds, what):
    if not holds:
        raise AssertionError(f"This does not hold: {what}")
    print(what)


def fit(strategy):
    """`AugmentedModel` in Keras' own loop: its losses, and what it saw of one repeated image."""
    seen = []

    class Witness(keras.layers.Layer):
        def call(self, images):
            if not isinstance(images, keras.KerasTensor):
                tf.numpy_function(lambda x: seen.extend(map(bytes, x)), [images], [])
            return images

    picture = np.random.default_rng(0).integers(0, 255, (common.SIDE, common.SIDE, 3), "uint8")
    images = np.stack([picture] * RECORDS)
    with strategy.scope():
        model = ks.AugmentedModel(network(Witness()), common.augmentation())
        model.compile("sgd", LOSS)
    data = tf.data.Dataset.from_tensor_slices((images, images[..., 0] % 4)).batch(BATCH)
    return model.fit(data, epochs=EPOCHS, verbose=0, shuffle=False).history["loss"], seen


def worker(folder):
    """One process of a `MultiWorkerMirroredStrategy`; leaves what it saw in a file."""
    strategy = tf.distribute.MultiWorkerMirroredStrategy()  # Before the first tensor.
    index = strategy.cluster_resolver.task_id
    found, said = {}, {"seeds": "nothing", "fit": "worked"}
    for name, form in FORMS.items():
        seen, weights = train(strategy, **form)
        found |= {f"{name}/{i:02}": x for i, x in enumerate(seen)}
        found |= {f"weights/{name}/{i:02}": x for i, x in enumerate(weights)}
    try:
        check_hosts_agree(strategy, ks.JointRandomFlip(seed=index))
    except ValueError as error:
        said["seeds"] = f"ValueError: {error}"
    try:
        fit(strategy)
    except Exception as error:
        said["fit"] = f"{type(error).__name__}: {' '.join(str(error).split())}"
    np.savez(Path(folder) / f"{index}.npz", said=json.dumps(said), **found)


def start_workers(folder):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(WORKERS)]
    names = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    for index in range(WORKERS):
        task = {"cluster": {"worker": names}, "task": {"type": "worker", "index": index}}
        yield subprocess.Popen(
            [sys.executable, "-m", "examples.scale.tf_distribute", "--worker", folder],
            env={**os.environ, "TF_CONFIG": json.dumps(task)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def ended(children):
    for child in children:
        try:
            said, _ = child.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            said = f"It was ended after {SECONDS} s."
        if child.returncode != 0:
            raise AssertionError(f"A worker failed:\n{said[-3000:]}")


def main():
    virtual = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], virtual)
    with tempfile.TemporaryDirectory() as folder:
        children = []
        try:
            children += start_workers(folder)
            strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
            one = {name: train(strategy, **form)[0] for name, form in FORMS.items()}
            losses, pictures = fit(strategy)
            ended(children)
        finally:
            for child in children:
                child.kill()
                child.wait()
        files = [dict(np.load(Path(folder) / f"{index}.npz")) for index in range(WORKERS)]

    def of(file, name):
        return [file[key] for key in sorted(file) if key.startswith(f"{name}/")]

    drawn_of = {}
    for name, seen in one.items():
        two = [np.concatenate(x) for x in zip(*(of(file, name) for file in files), strict=True)]
        verify(f"2 replicas, {name}", *seen)
        verify(f"2 workers, {name}", *two)
        drawn_of[name] = rows(seen[4]), rows(two[4]), rows(of(files[0], name)[4])
        if name.startswith("keys"):
            same = map(np.array_equal, in_order(*seen), in_order(*two))
            check(all(same), f"{name}: 1 process and 2 workers give each record the same")
    replicas, workers, _ = drawn_of["counted, in the model"]
    check(replicas == workers, "counted, in the model: both runs drew the same from one seed")
    replicas, _, first = drawn_of["counted, in the pipeline"]
    check(first < replicas, "counted, in the pipeline: the first worker repeats the one process")
    same = map(np.array_equal, *(of(file, "weights") for file in files))
    check(all(same), "2 workers: their networks have the same weights")
    fine = len(set(pictures)) == RECORDS * EPOCHS and np.isfinite(losses).all()
    check(fine, "2 replicas, AugmentedModel.fit: all draws different, loss finite")
    said = json.loads(str(files[1]["said"]))
    refused = said["seeds"].startswith("ValueError")
    check(refused, f"2 workers, seeds that differ are refused: {said['seeds']}")
    print(f"2 workers, AugmentedModel.fit (Keras' own loop): {said['fit'][:70]}")


if __name__ == "__main__":
    worker(sys.argv[2]) if sys.argv[1:2] == ["--worker"] else main()
