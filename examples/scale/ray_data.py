"""Ray Data: folders of files augmented by worker processes and written as Parquet.

    KERAS_BACKEND=jax python -m examples.scale.ray_data

What a record gets depends on the seed, the epoch and its number. So it is the same for any number
of workers, and also where a worker dies and Ray computes its block again. On a cluster run `ray
start --head` on one machine, `ray start --address=...` on the others, and the same program with
`ray.init("auto")`; the folders must have the same path on all machines.
"""

import os
import signal
import tempfile
from pathlib import Path

from examples.scale.needs import need

need("ray", "'ray[data]'")

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
# Workers import this folder's modules, too.
ROOT = str(Path(__file__).resolve().parents[2])
os.environ["PYTHONPATH"] = os.pathsep.join([ROOT, os.environ.get("PYTHONPATH", "")])

import ray  # noqa: E402
import ray.data  # noqa: E402

from examples.scale.common import augmentation, check_pairs, fingerprint, written  # noqa: E402
from keras_segaug.data.ray import Augment  # noqa: E402

COUNT, SEED = 24, 7


def pairs(source, deadly):
    """The pairs as a Ray dataset: their numbers, and the source's images and masks."""

    def read(row):
        if deadly is not None and row["id"] == COUNT // 2 and deadly.exists():
            deadly.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        image, mask = source[row["id"]]
        return {**row, "image": image, "mask": mask}

    return ray.data.range(len(source)).map(read)


def run(source, workers, epoch=0, to=None, deadly=None):
    """{number: fingerprint of its pair}, after checking that image and mask belong together.

    A worker that finds the file `deadly` halfway through deletes it and dies, as by `kill -9`.
    """
    augment = {"augmentation": augmentation(), "seed": SEED, "epoch": epoch, "record": "id"}
    moved = pairs(source, deadly).map_batches(
        Augment,
        fn_constructor_kwargs=augment,
        batch_size=4,
        num_cpus=1,
        compute=ray.data.ActorPoolStrategy(size=workers),
    )
    if to is not None:
        moved.write_parquet(str(to))
        moved = ray.data.read_parquet(str(to))
    found: dict = {}
    for row in moved.iter_rows():
        check_pairs(row["image"], row["mask"])
        if row["id"] in found:
            raise AssertionError(f"Record {row['id']} came twice.")
        found[row["id"]] = fingerprint(row["image"], row["mask"])
    return found


def main():
    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False, logging_level="error")
    ray.data.DataContext.get_current().enable_progress_bars = False
    with tempfile.TemporaryDirectory() as temporary:
        source = written(Path(temporary), COUNT)
        one, two = (run(source, workers) for workers in (1, 2))
        if len(one) != COUNT or one != two:
            raise AssertionError("Two workers gave other pairs than one, or lost some.")
        print(f"{COUNT} pairs: exact, labels and dtypes kept, the same by 1 and 2 workers")
        later = run(source, 2, epoch=1)
        if any(later[number] == found for number, found in one.items()):
            raise AssertionError("The next epoch repeats the last.")
        print("the next epoch draws anew")
        if run(source, 2, to=Path(temporary) / "augmented") != one:
            raise AssertionError("What was written as Parquet comes back as something else.")
        print("written as Parquet and read again: the same")
        deadly = Path(temporary) / "deadly"
        deadly.touch()
        if run(source, 2, deadly=deadly) != one or deadly.exists():
            raise AssertionError("A worker's death lost or changed a record.")
        print("a worker killed half-way: no record lost, none changed")
    ray.shutdown()


if __name__ == "__main__":
    main()
