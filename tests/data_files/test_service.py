"""`tf.data`'s service: workers in separate processes, records that carry their numbers."""

import contextlib
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from tests.marks import TRACED_BY_TENSORFLOW

pytestmark = [pytest.mark.slow, TRACED_BY_TENSORFLOW]
service = tf.data.experimental.service
RECORDS = 64


@contextlib.contextmanager
def cluster(count):
    """The address of a service with `count` workers."""
    dispatcher = service.DispatchServer()
    address = dispatcher.target.split("://")[1]
    command = [sys.executable, "-m", "tests.data_files.service_worker", address]
    workers = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(count)]
    try:
        deadline = time.time() + 120.0
        while dispatcher._num_workers() < count:
            assert time.time() < deadline, "the workers did not come"
            time.sleep(0.2)
        yield dispatcher.target
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def brightened(epoch, target):
    """{record: the first value of its image} of one epoch."""
    layer = ks.ImageOnlyBrightness(0.2, seed=1)
    images = np.full((RECORDS, 8, 8, 3), 100, "uint8")
    masks = np.arange(RECORDS, dtype="uint8")[:, None, None] + np.zeros((1, 8, 8), "uint8")
    numbers = np.arange(RECORDS, dtype="uint32")

    def augment(record, image, mask):
        key = tf.stack([np.uint32(epoch), record])
        return record, *layer.augment((image, mask), key=key)

    dynamic = service.ShardingPolicy.DYNAMIC
    dataset = tf.data.Dataset.from_tensor_slices((numbers, images, masks)).map(augment)
    found = {}
    for record, image, mask in dataset.apply(service.distribute(dynamic, target)):
        assert int(record) not in found
        assert mask.dtype == "uint8"
        np.testing.assert_array_equal(mask, int(record))
        found[int(record)] = float(image[0, 0, 0])
    return found


def test_what_a_record_gets_depends_on_its_number_and_the_epoch_alone():
    with cluster(2) as target:
        first, second = (brightened(epoch, target) for epoch in (0, 1))
    with cluster(1) as target:
        assert brightened(0, target) == first
    assert sorted(first) == sorted(second) == list(range(RECORDS))
    assert len({*first.values(), *second.values()}) == 2 * RECORDS


def test_numbers_that_a_dataset_counts_start_anew_on_each_worker():
    """The recipe warns of this. If it fails, TensorFlow has changed, and the docs must follow."""
    layer = ks.ImageOnlyBrightness(0.2, seed=1)
    images = np.full((RECORDS, 8, 8, 3), 100, "uint8")
    dataset = tf.data.Dataset.from_tensor_slices(images).map(layer)
    # Each worker goes through the whole dataset.
    everything = service.ShardingPolicy.OFF
    with cluster(2) as target:
        passes = dataset.apply(service.distribute(everything, target))
        first, second = (sorted(float(x[0, 0, 0]) for x in passes) for _ in range(2))
    assert len(first) == 2 * RECORDS
    assert len(set(first)) == RECORDS
    assert first == second
