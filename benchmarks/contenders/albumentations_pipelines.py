"""Albumentations as it is used in training: in `tf.data`, and in torch's `DataLoader`."""

import os

import albumentations as A  # noqa: N812
import cv2
import numpy as np

from benchmarks import work
from benchmarks.contenders import albumentations_peer as peer
from benchmarks.work import Job

FRAMEWORK = "torch" if os.environ.get("BENCHMARK_VARIANT") == "loader" else "tensorflow"
packages = ("albumentations", "opencv-python-headless", FRAMEWORK)
BATCH = 16


def prepare(task, variant, threads):
    # The images run in parallel, so that a call gets one thread.
    cv2.setNumThreads(1)
    transform = A.Compose(work.parts(task.row, task.side, peer.geometry, peer.MAKERS))
    make = map_job if variant == "map" else loader_job
    return make(task, transform, threads)


def map_job(task, transform, threads):
    import tensorflow as tf

    from benchmarks.contenders.datasets import dataset_job, limit_threads

    limit_threads(threads)
    dtypes = ("float32" if task.row == work.CHAIN_FLOAT else task.dtype, "uint8")

    def augment(image, mask):
        found = transform(image=image, mask=mask)
        # A flip is a view, which TensorFlow does not take.
        return np.ascontiguousarray(found["image"]), np.ascontiguousarray(found["mask"])

    def function(image, mask):
        return tf.numpy_function(augment, (image, mask), dtypes, stateful=True)

    return dataset_job(function, work.pairs_of(task), 1, threads)


class Pairs:
    """torch's map-style dataset: it needs no base class."""

    def __init__(self, images, masks, transform):
        self._images, self._masks, self._transform = images, masks, transform

    def __getitem__(self, index):
        index %= len(self._images)
        found = self._transform(image=self._images[index], mask=self._masks[index])
        return found["image"], found["mask"]


class FirstOnes:
    """A sampler of the indices 0 to `count` - 1; the next epoch may have another count."""

    count = 0

    def __iter__(self):
        return iter(range(self.count))


def loader_job(task, transform, threads):
    """A round is an epoch: all its images are made while the clock runs, and none is left over.

    With an endless epoch, the batches that the workers make in advance would be made while other
    contenders have their turn, and would take their cores from them.
    """
    from torch.utils.data import DataLoader

    batch = task.batch or BATCH
    sampler = FirstOnes()
    loader = DataLoader(
        Pairs(*work.pairs_of(task, batch), transform),
        batch_size=batch,
        sampler=sampler,
        num_workers=threads,
        persistent_workers=True,
        worker_init_fn=one_thread,
    )

    def run(count):
        sampler.count = count
        for _ in loader:
            pass

    # Every worker gets as many batches; the fixed cost of an epoch is spread over several.
    unit = batch * threads
    sampler.count = unit
    run(unit)  # starts the workers
    return Job(run, unit, least=4 * unit)


def one_thread(worker):
    cv2.setNumThreads(1)
