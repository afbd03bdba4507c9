"""Two worker processes beside one: `python -m benchmarks.workers`.

Each worker keeps to a core of its own and augments batches with the chain of `work.py` on
256 x 256 x 3 images, for grain (JAX), a torch `DataLoader` (torch) and the `tf.data` service
(TensorFlow). Whoever takes the batches shares the workers' cores, as on any machine whose cores
are all in use: on two cores, two workers cannot reach twice one. One and two workers are measured
alternately, each run in processes of its own.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import machine, work

SIDE, BATCH, DISTINCT = 256, 32, 256
BACKENDS = {"grain": "jax", "DataLoader": "torch", "tf.data service": "tensorflow"}


class Pairs:
    """The same few pairs over and over, by number."""

    def __init__(self, count):
        self.count = count
        self.images, self.masks = work.pairs(SIDE, DISTINCT)

    def __len__(self):
        return self.count

    def __getitem__(self, number):
        return self.images[number % DISTINCT], self.masks[number % DISTINCT]


def keep_to_a_core(folder):
    """Moves this process to a core that no other worker has taken."""
    for core in sorted(os.sched_getaffinity(0)):
        try:
            (Path(folder) / str(core)).touch(exist_ok=False)
        except FileExistsError:
            continue
        os.sched_setaffinity(0, {core})
        return


# --- Engines: each gives batches -------------------------------------------------------------


def with_grain(workers, batches, folder):
    import grain
    from absl import flags

    from benchmarks.contenders.segaug import chain
    from keras_segaug.data.grain import Augment

    flags.FLAGS(sys.argv[:1])

    class Kept(Augment):
        """Chooses its core when it reaches the worker, before JAX starts its threads."""

        def __setstate__(self, state):
            vars(self).update(state)
            keep_to_a_core(folder)

    dataset = grain.MapDataset.source(Pairs(batches * BATCH)).seed(1).batch(BATCH)
    dataset = dataset.random_map(Kept(chain("uint8"))).to_iter_dataset()
    return dataset.mp_prefetch(grain.multiprocessing.MultiprocessingOptions(workers))


class Augmented(Pairs):
    """Pairs of which a whole batch is augmented at once, by torch's `__getitems__`."""

    def __init__(self, count, layer):
        super().__init__(count)
        self.layer = layer

    def __getitems__(self, numbers):
        images, masks = zip(*(self[number] for number in numbers), strict=True)
        return self.layer(np.stack(images), np.stack(masks))


def as_they_are(batch):
    return batch


class KeepToACore:
    def __init__(self, folder):
        self.folder = folder

    def __call__(self, number):
        keep_to_a_core(self.folder)


def with_loader(workers, batches, folder):
    from torch.utils.data import DataLoader

    from benchmarks.contenders.segaug import chain

    return DataLoader(
        Augmented(batches * BATCH, chain("uint8")),
        batch_size=BATCH,
        num_workers=workers,
        collate_fn=as_they_are,
        worker_init_fn=KeepToACore(folder),
        multiprocessing_context="spawn",
    )


def with_service(workers, batches, folder):
    import tensorflow as tf

    from benchmarks.contenders.segaug import chain

    service = tf.data.experimental.service
    dispatcher = service.DispatchServer()
    address = dispatcher.target.split("://")[1]
    command = [sys.executable, "-m", "benchmarks.workers", "--folder", folder, "--serve", address]
    started = [subprocess.Popen(command) for _ in range(workers)]
    layer = chain("uint8")
    pairs = Pairs(batches * BATCH)
    images, masks = tf.constant(pairs.images), tf.constant(pairs.masks)

    def augmented(number):
        # A worker asks the dispatcher for one number for each batch, not for each record.
        chosen = (tf.range(BATCH, dtype="int64") + number * BATCH) % DISTINCT
        batch = tf.gather(images, chosen), tf.gather(masks, chosen)
        return layer.augment(batch, key=tf.stack([tf.cast(number, tf.uint32), np.uint32(1)]))

    dataset = tf.data.Dataset.range(batches).map(augmented)
    dynamic = service.ShardingPolicy.DYNAMIC
    dataset = dataset.apply(service.distribute(dynamic, dispatcher.target))
    while dispatcher._num_workers() < workers:
        time.sleep(0.1)
    try:
        yield from dataset.as_numpy_iterator()
    finally:
        for each in started:
            each.kill()
            each.wait()


ENGINES = {"grain": with_grain, "DataLoader": with_loader, "tf.data service": with_service}


def serve(dispatcher, folder):
    keep_to_a_core(folder)
    import tensorflow as tf

    service = tf.data.experimental.service
    service.WorkerServer(service.WorkerConfig(dispatcher)).join()


# --- Measuring -------------------------------------------------------------------------------


def measured(engine, workers, batches):
    """Pairs a second, after every worker has compiled."""
    with tempfile.TemporaryDirectory() as folder:
        started = batches // 4
        for number, _ in enumerate(ENGINES[engine](workers, batches, folder), 1):
            if number == started:
                start = time.perf_counter()
        return (number - started) * BATCH / (time.perf_counter() - start)


def one_run(engine, workers, batches):
    command = [sys.executable, "-m", "benchmarks.workers", "--engine", engine]
    command += ["--workers", str(workers), "--batches", str(batches)]
    environment = {**os.environ, "KERAS_BACKEND": BACKENDS[engine], "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"{engine}: {done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batches", type=int, default=200, help="of a run (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--engine", choices=ENGINES, help="only this one")
    parser.add_argument("--workers", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.folder)
        return
    if options.workers:
        print(json.dumps(measured(options.engine, options.workers, options.batches)))
        return
    facts = machine.facts()
    print(f"{facts['processor']}, {len(os.sched_getaffinity(0))} cores, {facts['date']}")
    for engine in [options.engine] if options.engine else ENGINES:
        runs: dict = {1: [], 2: []}
        for _ in range(options.rounds):
            for workers, found in runs.items():
                found.append(one_run(engine, workers, options.batches))
        one, two = (statistics.median(found) for found in runs.values())
        ratios = sorted(b / a for a, b in zip(*runs.values(), strict=True))
        print(
            f"{engine}: {one:.0f} pairs a second with one worker, {two:.0f} with two, "
            f"{statistics.median(ratios):.2f} times ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


if __name__ == "__main__":
    main()
