"""JAX: batches distributed to two devices, then to two processes, and augmented in place.

    KERAS_BACKEND=jax python -m examples.scale.jax_data_parallel

Two devices of one process: `keras.distribution.DataParallel`, and `fit` of an `AugmentedModel`.
Two processes: the same after `jax.distributed.initialize`; on several machines only the address
differs. Each printed line was checked against what one device gives.
"""

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

DEVICES = PROCESSES = 2
IS_PROCESS = sys.argv[1:2] == ["--process"]
os.environ["KERAS_BACKEND"] = "jax"
if not IS_PROCESS:
    # Before JAX is imported: two devices that are one CPU.
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={DEVICES}"
    os.environ["JAX_PLATFORMS"] = "cpu"

from examples.scale.needs import need  # noqa: E402

need("jax", "'keras-segaug[jax]'")

import jax  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
from jax.experimental import multihost_utils  # noqa: E402

import keras_segaug as ks  # noqa: E402
from examples.scale.common import SIDE, augmentation, check_pairs, fingerprint, records  # noqa: E402

COUNT, BATCH = 16, 8
EPOCHS = [0, 1]
TRAVELS = r"all-gather|all-reduce|all-to-all|collective-permute|reduce-scatter"


def claim(holds, text):
    if not holds:
        raise AssertionError(f"This does not hold: {text}")
    print("ok:", text, flush=True)


def chain():
    moves = [ks.JointRandomFlip(), ks.JointRandomRotation(0.1), ks.JointRandomElasticTransform()]
    return ks.Pipeline([*moves, ks.JointRandomCrop(32, 40), ks.ImageOnlyBrightness(0.2)], seed=1)


LAYERS = {"flip, rotation": augmentation(), "flip, rotation, elastic, crop, color": chain()}


def program_of(layer):
    """A compiled function of (images, masks, key); the key is an argument, so it is no constant."""
    return jax.jit(lambda images, masks, key: layer.augment((images, masks), key))


def dealt_out(*arrays):
    """This process's arrays as its part of arrays that are distributed over all devices."""
    layout = keras.distribution.distribution().get_data_layout(arrays[0].shape[:1])
    place = layout.backend_layout
    return [jax.make_array_from_process_local_data(place, each) for each in arrays]


def stays_dealt_out(tensors):
    shards = [shard.data.shape[0] for each in tensors for shard in each.addressable_shards]
    return set(shards) == {tensors[0].shape[0] // jax.device_count()}


def trained(images, masks, batch):
    """The weights of a small network after two epochs with augmentation inside the step."""
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(4, 3, padding="same")]
    network = keras.Sequential([keras.Input((SIDE, SIDE, 3)), *layers])
    model = ks.AugmentedModel(network, augmentation())
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(images, masks % 4, batch_size=batch, epochs=len(EPOCHS), shuffle=False, verbose=0)
    return [np.asarray(weight.value.addressable_shards[0].data) for weight in network.weights]


def alike(one, other):
    """Are weights equal up to rounding? Their gradients are summed in a different order."""
    return all(np.allclose(a, b, atol=1e-5) for a, b in zip(one, other, strict=True))


def two_devices(images, masks, expected):
    for (name, layer), (moved, moved_masks) in zip(LAYERS.items(), expected, strict=True):
        key = ks.random.key(1)
        program = program_of(layer).lower(*dealt_out(images, masks), key).compile()
        results = program(*dealt_out(images, masks), key)
        travelling = set(re.findall(TRAVELS, program.as_text()))
        claim(not travelling, f"{name}: nothing travels between devices")
        claim(stays_dealt_out(results), f"{name}: each device keeps its part of the batch")
        claim(np.array_equal(results[1], moved_masks), f"{name}: masks as of one device")
        apart = np.abs(np.asarray(results[0], "float64") - moved)
        claim(apart.max() < 1e-3, f"{name}: images as of one device, within {apart.max():.1g}")
    layer, other = augmentation(), augmentation()
    batch = tuple(dealt_out(images, masks))
    epochs = [layer(batch, training=True) for _ in EPOCHS]
    again = [layer.augment(batch, other.call_key(number)) for number in EPOCHS]
    for pair in epochs:
        check_pairs(*pair)
    claim(stays_dealt_out(epochs[0]), "an eager call keeps the parts, images and masks aligned")
    prints = [[fingerprint(*pair) for pair in zip(*epoch, strict=True)] for epoch in epochs]
    claim(all(a != b for a, b in zip(*prints, strict=True)), "the next epoch differs, each record")
    same = [[fingerprint(*pair) for pair in zip(*epoch, strict=True)] for epoch in again]
    claim(prints == same, "another layer of the same seed has the same keys, which give the same")
    copies = [np.repeat(each[:1], COUNT, axis=0) for each in (images, masks)]
    found = {fingerprint(*pair) for pair in zip(*layer.augment(dealt_out(*copies), 5), strict=True)}
    claim(len(found) == COUNT, "a record that all devices have many times is never drawn alike")
    partners()


def partners():
    """Checks partners by images whose values say from which record, and so device, a pixel came."""
    shard = np.arange(COUNT) * DEVICES // COUNT
    value = np.arange(COUNT) + 100 * shard
    images = np.tile(value[:, None, None, None].astype("uint8"), (1, SIDE, SIDE, 3))
    masks = np.zeros((COUNT, SIDE, SIDE, 4), "float32")
    masks[..., 1] = 1.0
    for make in (ks.JointCutMix, ks.JointMixUp, lambda **more: ks.JointMosaic(SIDE, SIDE, **more)):
        for across in (False, True) if make is ks.JointCutMix else (False,):
            layer = make(across_shards=across, seed=1)
            shown, _ = program_of(layer)(*dealt_out(images, masks), ks.random.key(2))
            shown = np.asarray(shown)
            foreign = (shown >= 50) != (shard > 0)[:, None, None, None]
            met = (np.abs(shown - images) > 1e-3).any()
            place = "of any device" if across else "of the same device alone"
            claim(met and foreign.any() == across, f"{type(layer).__name__}: partners {place}")


def check_hosts_agree(layer):
    """Raises on every host if the hosts' layers, seeds or versions of the package differ."""
    said = np.frombuffer(layer.fingerprint().encode(), "uint8")
    everybody = multihost_utils.process_allgather(said)
    if (everybody != said).any():
        raise ValueError(f"The hosts have different augmentations; this one has {layer}.")


def process(number, address, folder):
    """Runs in each process; on several machines once on each, with the address of the first."""
    jax.config.update("jax_cpu_collectives_implementation", "gloo")  # needed only on CPUs
    jax.distributed.initialize(address, PROCESSES, number)
    # Each process reads its own records, so Keras must not distribute them again.
    distribution = keras.distribution.DataParallel(auto_shard_dataset=False)
    keras.distribution.set_distribution(distribution)
    check_hosts_agree(augmentation())
    with contextlib.suppress(ValueError):
        check_hosts_agree(ks.JointRandomFlip(seed=number))
        raise SystemExit("Processes with different seeds were not refused.")
    _, *arrays = records(COUNT)
    images, masks = (np.split(each, PROCESSES)[number] for each in arrays)
    program = program_of(augmentation())
    results = [program(*dealt_out(images, masks), ks.random.key(1, e)) for e in EPOCHS]
    mine = [each.addressable_shards[0].data for epoch in results for each in epoch]
    weights = trained(images, masks, BATCH // PROCESSES)
    np.savez(Path(folder, f"{number}.npz"), *mine, *weights)


def two_processes(first, second, weights):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "examples.scale.jax_data_parallel", "--process"]
        environment = {name: x for name, x in os.environ.items() if name != "XLA_FLAGS"}
        options = {"env": environment, "stderr": subprocess.PIPE, "text": True}
        running = [
            subprocess.Popen([*command, str(number), address, folder], **options)
            for number in range(PROCESSES)
        ]
        try:
            for each in running:
                _, errors = each.communicate(timeout=90)
                if each.returncode:
                    raise AssertionError(f"A process failed: {errors[-2000:]}")
        finally:
            for each in running:
                each.kill()
                each.wait()
        found = [list(np.load(Path(folder, f"{n}.npz")).values()) for n in range(PROCESSES)]
    whole = [np.concatenate(parts) for parts in zip(*(each[:4] for each in found), strict=True)]
    check_pairs(*whole[:2])
    claim(True, "two processes with layers of different seeds are refused")
    equal = all(map(np.array_equal, whole, [*first, *second]))
    claim(equal, "two processes augment, with a key an epoch, as one device does")
    claim(alike(found[0][4:], found[1][4:]), "`fit` ends with the same weights in both processes")
    claim(alike(found[0][4:], weights), "`fit` of two processes trains as on one device")


def main():
    _, images, masks = records(COUNT)
    # In each step every process contributes a part of its own records.
    order = np.arange(COUNT).reshape(PROCESSES, -1, BATCH // PROCESSES).swapaxes(0, 1).ravel()
    of_one = [program_of(layer) for layer in LAYERS.values()]
    expected = [program(images, masks, ks.random.key(1, e)) for e in EPOCHS for program in of_one]
    weights = trained(images[order], masks[order], BATCH)
    two_processes(expected[0], expected[2], weights)
    with keras.distribution.DataParallel().scope():
        two_devices(images, masks, expected[:2])
        found = trained(images[order], masks[order], BATCH)
        claim(alike(found, weights), "`fit` trains as on one device")


if __name__ == "__main__":
    process(int(sys.argv[2]), *sys.argv[3:]) if IS_PROCESS else main()
