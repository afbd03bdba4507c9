"""Like `backend.py`, for a batch that JAX has split among several devices, a shard on each.

A lookup reads at places that are computed, and a CPU goes from image to image: XLA's partitioner
cannot tell that neither leaves its shard, and lets every device work on the whole batch. So each
shard is run as a batch of its own, in which samples keep their numbers in the whole batch.
"""

import contextlib
import contextvars
import importlib
import math
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_segaug.core import backend

_first_sample: contextvars.ContextVar[Any] = contextvars.ContextVar(
    "keras_segaug_first_sample", default=None
)


class Shards(NamedTuple):
    """How batches are split: over an axis of a mesh of devices, or over several (a tuple)."""

    mesh: Any
    axis: Any

    def devices(self):
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        return math.prod(self.mesh.shape[axis] for axis in axes)


def of(tensors, mixes):
    """The `Shards` of a batch; None where it is on one device, or where that is not known.

    Args:
        tensors: a dict, a nest in each entry, as the programs of layers take them.
        mixes: are samples mixed? Then they must be the shards that Keras' `distribution` names.
    """
    if backend.name() != "jax" or not isinstance(tensors, dict) or is_inside():
        return None
    images = tensors["images"]
    eager = backend.is_eager(images)
    found = _of_array(images) if eager else _of_distribution()
    if found is None or len(images.shape) != 4 or found.devices() == 1:
        return None
    if images.shape[0] == 0 or images.shape[0] % found.devices():
        return None
    if mixes and backend.batch_shards() != found.devices():
        return None
    return found


def _of_array(array):
    """The shards of an eager array."""
    sharding = getattr(array, "sharding", None)
    if not isinstance(sharding, _sharding().NamedSharding) or not sharding.spec:
        return None
    return None if sharding.spec[0] is None else Shards(sharding.mesh, sharding.spec[0])


def _of_distribution():
    """The shards of a traced batch: as Keras splits data, since JAX does not say where it is."""
    distribution = keras.distribution.distribution()
    if distribution is None or distribution.batch_dim_name is None:
        return None
    mesh, axis = distribution.device_mesh, distribution.batch_dim_name
    # Inside of the user's own `jax.shard_map` the batch is a shard already.
    around = getattr(_sharding(), "get_abstract_mesh", lambda: None)()
    if axis in getattr(around, "manual_axes", ()):
        return None
    devices = {f"{device.platform}:{device.id}": device for device in _jax().devices()}
    placed = np.vectorize(lambda device: devices[str(device)], otypes=[object])(mesh.devices)
    return Shards(_sharding().Mesh(placed, tuple(mesh.axis_names)), axis)


def each_by_itself(function, shards):
    """A function of (tensors, key, **moving) for a whole batch, which runs each shard alone."""
    along, everywhere = (_sharding().PartitionSpec(*axes) for axes in ((shards.axis,), ()))

    def of_a_shard(tensors, key, moving):
        first = _jax().lax.axis_index(shards.axis) * tensors["images"].shape[0]
        with _beginning_at(first):
            return function(tensors, key, **moving)

    def of_a_batch(tensors, key, **moving):
        keys = along if key is not None and len(key.shape) == 2 else everywhere
        specs = {"in_specs": (along, keys, everywhere), "out_specs": along}
        return _shard_map(of_a_shard, mesh=shards.mesh, **specs)(tensors, key, moving)

    return of_a_batch


def _shard_map(function, **options):
    """`jax.shard_map`, wherever this JAX has it, without its proof of what all devices share."""
    if hasattr(_jax(), "shard_map"):
        return _jax().shard_map(function, check_vma=False, **options)
    home = importlib.import_module("jax.experimental.shard_map")
    return home.shard_map(function, check_rep=False, **options)


def is_inside():
    """Is the program of one shard being traced?"""
    return _first_sample.get() is not None


def first_sample():
    """The number, in the whole batch, of the first sample of the shard that is traced."""
    return _first_sample.get()


@contextlib.contextmanager
def _beginning_at(number):
    token = _first_sample.set(number)
    try:
        yield
    finally:
        _first_sample.reset(token)


def _jax():
    return importlib.import_module("jax")


def _sharding():
    return importlib.import_module("jax.sharding")
