"""A folder of 50,000 pairs through loader, augmentation and batches: `python -m benchmarks.stream`.

Reports images a second, how many cores were busy, and how far memory grew, for the chain of
`work.py` on 256 x 256 x 3 images: by this package, and by Albumentations in `tf.numpy_function` and
in a torch `DataLoader` with one process per core. The files are 500 pairs under 50,000 names
(links), so that they stay in memory and the disk is not timed. Each contender runs in its own
process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import machine, work

SIDE, DISTINCT, BATCH = 256, 500, 32
CORES = len(os.sched_getaffinity(0))
PAGE, TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


def write(folder, count):
    """Writes pairs under `count` names."""
    from PIL import Image

    images, masks = work.pairs(SIDE)
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for number in range(count):
        for name, arrays in (("images", images), ("masks", masks)):
            path = folder / name / f"{number:06}.png"
            if number < DISTINCT:
                turned = np.roll(arrays[number % len(arrays)], number, axis=(0, 1))
                Image.fromarray(np.squeeze(turned)).save(path, compress_level=1)
            else:
                os.link(folder / name / f"{number % DISTINCT:06}.png", path)


# --- Contenders: each gives batches ----------------------------------------------------------


def segaug(images, masks):
    import tensorflow as tf

    from benchmarks.contenders.segaug import chain

    dataset = _dataset(images, masks, BATCH)
    return dataset.map(chain("uint8"), num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)


def albumentations_in_tf(images, masks):
    import tensorflow as tf

    augment = _albumentations()

    def augmented(image, mask):
        moved = tf.numpy_function(augment, [image, mask], [tf.uint8, tf.uint8])
        return tuple(tf.ensure_shape(m, x.shape) for m, x in zip(moved, (image, mask), strict=True))

    dataset = _dataset(images, masks, None).map(augmented, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.batch(BATCH).prefetch(2)


def albumentations_in_torch(images, masks):
    from torch.utils.data import DataLoader

    import keras_segaug as ks

    source = ks.segmentation_source_from_directory(images, masks, check="headers", verbose=False)
    augment = _albumentations()

    class Augmented:
        def __len__(self):
            return len(source)

        def __getitem__(self, index):
            return augment(*source[index])

    options = {"batch_size": BATCH, "num_workers": CORES, "multiprocessing_context": "fork"}
    return DataLoader(Augmented(), **options)


CONTENDERS = {
    "keras_segaug": segaug,
    "Albumentations in tf.numpy_function": albumentations_in_tf,
    "Albumentations in a DataLoader": albumentations_in_torch,
}


def _dataset(images, masks, batch):
    import keras_segaug as ks

    options = {"batch_size": batch, "shuffle": False, "check": "headers", "verbose": False}
    return ks.segmentation_dataset_from_directory(images, masks, **options)


def _albumentations():
    import albumentations
    import cv2

    from benchmarks.contenders.albumentations_peer import chain

    # `tf.data` and the loader's processes already use the cores.
    cv2.setNumThreads(1)
    compose = albumentations.Compose(chain())

    def augment(image, mask):
        moved = compose(image=image, mask=mask)
        return moved["image"], moved["mask"]

    return augment


# --- Measuring -------------------------------------------------------------------------------


def usage():
    """(CPU seconds, bytes in memory) of this process and all that it started."""
    parents, seconds, memory = {}, {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # The process has ended meanwhile.
        number = int(path.parent.name)
        parents[number] = int(fields[1])
        seconds[number] = (int(fields[11]) + int(fields[12])) / TICKS
        memory[number] = int(fields[21]) * PAGE
    own, found = {os.getpid()}, set()
    while own - found:
        found |= own
        own = {number for number, parent in parents.items() if parent in found}
    return sum(seconds[n] for n in found), sum(memory[n] for n in found)


def measured(name, folder):
    """What one contender does with a folder, from a tenth of it on."""
    batches = CONTENDERS[name](folder / "images", folder / "masks")
    total = len(batches)
    marks = []
    for number, _ in enumerate(batches, 1):
        if number in (total // 10, total // 2, total):
            marks.append((time.perf_counter(), number, *usage()))
    start, middle, end = marks
    seconds = end[0] - start[0]
    return {
        "contender": name,
        "pairs_a_second": (end[1] - start[1]) * BATCH / seconds,
        "cores_busy": (end[2] - start[2]) / seconds,
        "megabytes": [round(mark[3] / 1e6) for mark in (start, middle, end)],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=50_000, help="(default: %(default)s)")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        print(json.dumps(measured(options.contender, options.folder)))
        return
    facts = machine.facts()
    print(f"{options.count:,} pairs of {SIDE}x{SIDE}, batches of {BATCH}; {facts['processor']}")
    print(f"{CORES} cores, load {facts['load_at_start']} at the start, {facts['date']}")
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), options.count)
        for name in CONTENDERS:
            command = [sys.executable, "-m", "benchmarks.stream", "--folder", folder]
            done = subprocess.run(
                [*command, "--contender", name], capture_output=True, text=True, check=False
            )
            if done.returncode:
                print(f"{name}: {done.stderr.strip().splitlines()[-1]}")
                continue
            found = json.loads(done.stdout.splitlines()[-1])
            print(
                f"{name}: {found['pairs_a_second']:.0f} pairs a second, {found['cores_busy']:.2f} "
                f"cores busy; megabytes at a tenth, half, all: {found['megabytes']}"
            )


if __name__ == "__main__":
    main()
