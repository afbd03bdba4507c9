"""`tf.data`'s service: a dispatcher, two worker processes, records that carry their numbers.

    python -m examples.scale.tf_data_service

On several machines start `DispatchServer` on one and `--worker` with its address on the others.
Everything that a dataset counts starts again on each worker, so `dataset.map(layer)` would draw the
same on all; keys made of the epoch and the record's number avoid this. With dynamic sharding a
worker that dies loses the records it had begun, and no record comes twice; with static sharding
each client reads from the worker in its own process.
"""

import contextlib
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from examples.scale.needs import need

need("tensorflow")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from examples.scale.common import augmentation, check_pairs, fingerprint, records  # noqa: E402

service = tf.data.experimental.service
COUNT, SECONDS = 256, 60
PROGRAM = [sys.executable, "-m", "examples.scale.tf_data_service"]


def free_port():
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


def worker(dispatcher, port):
    config = service.WorkerConfig(
        dispatcher, worker_address=f"localhost:{port}", port=port, heartbeat_interval_ms=200
    )
    return service.WorkerServer(config)


def pairs(epoch, processing, target, **options):
    """(number, image, mask) of an epoch, augmented on the workers."""
    layer = augmentation()

    def augment(number, image, mask):
        key = tf.stack([np.uint32(epoch), number])
        return number, *layer.augment((image, mask), key=key)

    dataset = tf.data.Dataset.from_tensor_slices(records(COUNT)).map(augment)
    return dataset.apply(service.distribute(processing, target, **options))


def seen(dataset, then=None, after=0):
    """{number: fingerprint of its pair}; no record may come twice. Calls `then` after `after`."""
    found: dict = {}
    for number, image, mask in dataset.as_numpy_iterator():
        check_pairs(image, mask)
        if int(number) in found:
            raise AssertionError(f"Record {number} came twice.")
        found[int(number)] = fingerprint(image, mask)
        if len(found) == after:
            then()
    return found


@contextlib.contextmanager
def cluster(count):
    """(a dispatcher, its workers by their ports); kills all processes at the end."""
    dispatcher = service.DispatchServer()
    workers: dict = {}
    try:
        for port in [free_port() for _ in range(count)]:
            workers[port] = start("--worker", address_of(dispatcher), str(port))
        deadline = time.monotonic() + SECONDS
        while dispatcher._num_workers() < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{count} workers did not come within {SECONDS} seconds.")
            time.sleep(0.2)
        yield dispatcher, workers
    finally:
        end(*workers.values())


def start(*arguments):
    return subprocess.Popen([*PROGRAM, *arguments], stderr=subprocess.DEVNULL)


def end(*processes):
    for each in processes:
        each.kill()
        each.wait()


def address_of(dispatcher):
    return dispatcher.target.split("://")[1]


def dynamic():
    policy = service.ShardingPolicy.DYNAMIC
    with cluster(2) as (dispatcher, workers):
        first, second = (seen(pairs(epoch, policy, dispatcher.target)) for epoch in (0, 1))

        def kill_and_restart():
            port, victim = next(iter(workers.items()))
            end(victim)
            workers[port] = start("--worker", address_of(dispatcher), str(port))

        interrupted = seen(pairs(0, policy, dispatcher.target), kill_and_restart, COUNT // 4)
    with cluster(1) as (dispatcher, _):
        alone = seen(pairs(0, policy, dispatcher.target))
    if len(alone) != COUNT or first != alone:
        raise AssertionError("Two workers gave a record something else than one, or lost some.")
    print(f"{COUNT} records: pairs exact, dtypes kept, the same by 1 and 2 workers")
    if any(second[number] == found for number, found in first.items()):
        raise AssertionError("The next epoch repeats the last.")
    print("the next epoch draws anew")
    if any(first[number] != found for number, found in interrupted.items()):
        raise AssertionError("After a worker's death a record was augmented otherwise.")
    lost = COUNT - len(interrupted)
    print("a worker killed and restarted: what comes is the same, no record comes twice")
    print(f"(it lost {lost} of {COUNT} records, which dynamic sharding allows)")
    return first


def static(expected):
    """Each client reads its share from the worker in its own process."""
    ports = [free_port() for _ in range(2)]
    config = service.DispatcherConfig(worker_addresses=[f"localhost:{port}" for port in ports])
    dispatcher = service.DispatchServer(config)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{port}.pickle" for port in ports]
        clients = [
            start("--client", address_of(dispatcher), str(port), str(path))
            for port, path in zip(ports, paths, strict=True)
        ]
        try:
            codes = [each.wait(SECONDS) for each in clients]
        finally:
            end(*clients)
        if any(codes):
            raise AssertionError(f"The clients ended with {codes}.")
        shares = [pickle.loads(path.read_bytes()) for path in paths]
    if sum(map(len, shares)) != COUNT or shares[0] | shares[1] != expected:
        raise AssertionError("Static shards gave other pairs, or lost or repeated some.")
    print("static shards of two clients: together the same records, each once")


def client(dispatcher, port, path):
    beside = worker(dispatcher, port)
    options = {"job_name": "epoch 0", "target_workers": "LOCAL"}
    share = seen(pairs(0, service.ShardingPolicy.DATA, f"grpc://{dispatcher}", **options))
    Path(path).write_bytes(pickle.dumps(share))
    del beside


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2], int(sys.argv[3])).join()
    elif sys.argv[1:2] == ["--client"]:
        client(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        static(dynamic())
