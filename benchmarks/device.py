"""The accelerator through the backend that Keras runs on: its name, waiting, copying, memory.

This module loads only that backend.
"""

import importlib.metadata

import keras

BACKEND = keras.backend.backend()


def name():
    if BACKEND == "jax":
        import jax

        return jax.devices()[0].device_kind
    if BACKEND == "torch":
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    if not devices:
        return "cpu"
    return tf.config.experimental.get_device_details(devices[0]).get("device_name", "GPU")


def versions():
    packages = {"keras", BACKEND}
    return {package: importlib.metadata.version(package) for package in sorted(packages)}


def wait(result):
    """Returns when the work for a result is done; accelerators run asynchronously."""
    if BACKEND == "jax":
        import jax

        jax.block_until_ready(result)
    elif BACKEND == "torch":
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()
    else:
        # One value of the last result is enough, because the device works in order.
        keras.ops.convert_to_numpy(keras.tree.flatten(result)[-1][..., :1])


def copier(size):
    """A function that copies `size` bytes within the device's memory."""
    buffer = keras.ops.zeros((max(size // 4, 1),), dtype="int32")
    if BACKEND == "jax":
        import jax

        # An exclusive or, because the compiler would leave out a plain copy.
        flip = jax.jit(lambda words: words ^ 1)
        return lambda: flip(buffer)
    if BACKEND == "torch":
        return buffer.clone
    import tensorflow as tf

    return lambda: tf.bitwise.invert(buffer)


def peak_memory():
    """The peak of bytes in use in this process so far, or None where the backend does not count."""
    if BACKEND == "jax":
        import jax

        return (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
    if BACKEND == "torch":
        import torch

        return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None
    return None
