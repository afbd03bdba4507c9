"""Where code runs: the process, data loader worker, rank, machine, replica; and one lock."""

import functools
import os
import sys
import threading
import warnings
import zlib
from collections import Counter
from types import FrameType

from keras_segaug.core import backend, counter, versions
from keras_segaug.core.backend import ops
from keras_segaug.version import __version__

_process: dict = {}


def _begin_process(forked=False):
    """At the start, and in a forked child: a thread may have held the lock during the fork."""
    name = int.from_bytes(os.urandom(8), "little")
    _process.update(name=name, lock=threading.RLock(), forked=forked, copies=Counter())


_begin_process()
os.register_at_fork(after_in_child=lambda: _begin_process(forked=True))


def process():
    """A number for this process that no other process has, on any machine."""
    return _process["name"]


def home():
    """The home of a layer that is made here: (process, rank, number of the copy).

    The rank is None, since it is seen here; pickles add it.
    """
    return process(), None, 0


def sent(home):
    """A home as pickles hold it: with the rank, which a newly started worker cannot see."""
    made_in, its_rank, number = home
    own = rank()
    return made_in, its_rank if own is None else own, number, process(), __version__


def received(cls, config, home):
    """The home of a copy that a pickle makes; raises if another version has pickled it.

    A pool pickles a layer for each task, with the same state: each copy gets a number of its own.
    """
    made_in, its_rank, number, sent_from, version = home
    versions.check(cls.__name__, version)
    if process() not in (made_in, sent_from):
        with lock():
            copies = _process["copies"]
            number = copies[made_in, its_rank, cls.__name__, config["name"]]
            copies[made_in, its_rank, cls.__name__, config["name"]] += 1
    return made_in, its_rank, number


def lock():
    """One lock for all layers: held while they are built and where they count eagerly."""
    return _process["lock"]


def warn_of_a_fork(owner):
    """Warns once in a forked process that TensorFlow may hang there. (JAX warns by itself.)

    A lock that a thread held inside TensorFlow during the fork is never released in the child.
    """
    if _process["forked"] and backend.runs_on("tensorflow"):
        _process["forked"] = False
        warnings.warn(
            f"{type(owner).__name__}: this process was forked from one that had loaded TensorFlow, "
            "whose operations may now wait forever. Have worker processes started anew: call "
            'multiprocessing.set_start_method("spawn") before they are made.',
            RuntimeWarning,
            stacklevel=4,
        )


def worker_seed():
    """The seed of this process if torch's `DataLoader` started it to load data, else None."""
    data = sys.modules.get("torch.utils.data")
    worker = data and data.get_worker_info()
    return worker.seed if worker else None


def rank():
    """The number of this process among several of `torch.distributed`, else None.

    Each makes its layers with the same seed, and `DistributedDataParallel` sends all of them the
    variables of the first, seeds included: they all count alike, as replicas do.
    """
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return None
    return distributed.get_rank() if distributed.get_world_size() > 1 else None


def is_pickling():
    """Is Keras pickling a model? It then saves it as a file. (Private Keras, hence here.)"""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__reduce__" and code.co_filename.endswith("keras_saveable.py"):
            return True
        frame = frame.f_back
    return False


def replica():
    """The number of this replica of a `tf.distribute` strategy that has several, else None.

    Their variables are mirrored, so that all of them count alike.
    """
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None or not tensorflow.distribute.has_strategy():
        return None
    context = tensorflow.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return None
    return ops.cast(context.replica_id_in_sync_group, "uint32")


def cluster_task(variable):
    """Two words that tell this process from the others of a TensorFlow cluster, else none.

    Each of them maps a dataset of its own with a layer of the same seed, and all count alike. A
    variable's device says where it runs, however TensorFlow was told of the cluster. The first
    worker has no words: it draws what a process on its own draws.
    """
    return _task_of(getattr(variable, "device", "")) if backend.runs_on("tensorflow") else ()


@functools.cache
def _task_of(device):
    spec = sys.modules["tensorflow"].DeviceSpec.from_string(device)
    if spec.job in (None, "localhost") or (spec.job, spec.task) == ("worker", 0):
        return ()
    return zlib.crc32(spec.job.encode()), spec.task


def pickled(layer, state, moved):
    """What `__reduce__` of a layer returns: its config, where its stream stands, what moved."""
    name = type(layer).__name__
    held = type(layer), layer.get_config(), state, sent(layer._home), moved
    return unpickled, (versions.Mark(name), *held)


def unpickled(mark, cls, config, state, home, moved):
    """A copy of a layer that continues its stream and knows where the original lives.

    `mark` has raised by now if another version of this package pickled the layer.
    """
    layer = cls.from_config(config)
    layer._home = received(cls, config, home)
    if state is not None:
        layer._stream_of_calls()
        layer._state.assign(state.astype(counter.state_dtype()))
    layer._move_to(moved or [])
    return layer
