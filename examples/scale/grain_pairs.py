"""Grain: a folder read and augmented in worker processes, without TensorFlow.

    KERAS_BACKEND=jax python -m examples.scale.grain_pairs

What a record gets depends only on grain's seed, the epoch and the record's place. So it is the same
for any number of workers, and for a run that was stopped and continues from its saved iterator. On
several machines each takes its part, by `dataset[part::parts]` of a `MapDataset`, after
`random_map`: before it, grain would give all machines the same random numbers. Or by
`grain.ShardByJaxProcess()` of a `DataLoader`, which loses or repeats records where the parts are
not equally long.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
# As if TensorFlow were not installed; worker processes import this file, too.
sys.modules["tensorflow"] = None

from examples.scale.needs import need  # noqa: E402

need("grain", "'keras-segaug[grain]'")

import grain  # noqa: E402

from examples.scale.common import augmentation, check_pairs, fingerprint, written  # noqa: E402
from keras_segaug.data.grain import Augment  # noqa: E402

COUNT = 32
EPOCHS = 2
MACHINES = 3  # Their parts are not equally long.


def of_dataset(source, workers, part=slice(None)):
    """All pairs of a run, or of a machine's part of it, by `MapDataset`."""
    dataset = grain.MapDataset.source(source).seed(1).shuffle().repeat(EPOCHS)
    dataset = dataset.random_map(Augment(augmentation()))[part].to_iter_dataset()
    if workers:
        dataset = dataset.mp_prefetch(grain.multiprocessing.MultiprocessingOptions(workers))
    return dataset


def of_loader(source, workers):
    """All pairs of a run, by the older `DataLoader`."""
    order = grain.samplers.IndexSampler(
        COUNT, shuffle=True, seed=1, num_epochs=EPOCHS, shard_options=grain.sharding.NoSharding()
    )
    operations = [Augment(augmentation())]
    return grain.DataLoader(
        data_source=source, sampler=order, operations=operations, worker_count=workers
    )


def prints(pairs):
    """Fingerprints of pairs, after checking that image and mask belong together."""
    found = []
    for image, mask in pairs:
        check_pairs(image, mask)
        found.append(fingerprint(image, mask))
    return found


def resumed(pairs, after):
    """The rest of a run, from an iterator that was saved and loaded after this many pairs."""
    stopped = iter(pairs)
    for _ in range(after):
        next(stopped)
    later = iter(pairs)
    later.set_state(stopped.get_state())
    return prints(later)


def killed(pairs, after):
    """The rest of a run after a worker was killed, from the iterator as it was before."""
    stopped = iter(pairs)
    for _ in range(after):
        next(stopped)
    state = stopped.get_state()
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
    try:
        prints(stopped)
    except RuntimeError as error:
        if "exit code -9" not in str(error):
            raise
    else:
        raise AssertionError("Nobody noticed that a worker was killed.")
    later = iter(pairs)
    later.set_state(state)
    return prints(later)


def main():
    with tempfile.TemporaryDirectory() as folder:
        source = written(Path(folder), COUNT)
        for name, run in (("MapDataset", of_dataset), ("DataLoader", of_loader)):
            alone = prints(run(source, 0))
            if len(alone) != EPOCHS * COUNT or len(set(alone)) < len(alone):
                raise AssertionError(f"{name}: a pair was lost, or an epoch repeats the last.")
            if prints(run(source, 2)) != alone:
                raise AssertionError(f"{name}: two workers give other pairs than one process.")
            print(f"{name}: {len(alone)} pairs, all different; 0 and 2 workers give the same")
            if resumed(run(source, 2), COUNT // 2) != alone[COUNT // 2 :]:
                raise AssertionError(f"{name}: the saved iterator went on with other pairs.")
            print(f"{name}: a run that stopped after {COUNT // 2} pairs goes on where it was")
            if killed(run(source, 2), COUNT // 2) != alone[COUNT // 2 :]:
                raise AssertionError(f"{name}: after a worker's death it went on with other pairs.")
            print(f"{name}: a killed worker is an error, and the saved iterator goes on")
        parts = [slice(machine, None, MACHINES) for machine in range(MACHINES)]
        alone, found = (
            prints(of_dataset(source, 0)),
            [prints(of_dataset(source, 0, x)) for x in parts],
        )
        if found != [alone[part] for part in parts]:
            raise AssertionError("The machines have other pairs than one alone.")
        print(
            f"MapDataset: {MACHINES} machines have {[*map(len, found)]} pairs, those of one alone"
        )
    print("All without TensorFlow")


if __name__ == "__main__":
    from absl import flags

    flags.FLAGS(sys.argv[:1])
    main()
