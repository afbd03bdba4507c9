"""What stays on the CPU beside an accelerator, which is only fast on large tensors."""

import contextlib
import functools
import importlib

import keras

from keras_segaug.core import backend


def runs_python(tensor):
    """Does torch run this step by step, so that each step is a call of Python and of the device?"""
    if backend.name() != "torch" or backend.is_compiling() or tensor.device.type == "meta":
        return False
    torch = importlib.import_module("torch")
    return not (torch.compiler.is_compiling() or torch.jit.is_tracing())


def has_values(tensor):
    """Is this not traced, so that each step is a call of the backend, and values can be read?"""
    if backend.name() == "torch":
        return runs_python(tensor)
    # Even in a context where TensorFlow is eager, there may be tensors of a graph.
    return backend.is_eager(tensor) and (backend.name() == "jax" or hasattr(tensor, "numpy"))


def is_on_cpu(tensor):
    """Is the tensor, which has values, in the memory of the CPU?"""
    if backend.name() == "torch":
        return tensor.device.type == "cpu"
    if backend.name() == "jax":
        return {device.platform for device in tensor.devices()} == {"cpu"}
    return "CPU" in tensor.device


def runs_python_on_cpu(tensor):
    """Does torch run this step by step on a CPU, so that a number can be read for free?"""
    return runs_python(tensor) and is_on_cpu(tensor)


def kept_on_host():
    """Within this context torch makes variables in the memory of the CPU."""
    return keras.device("cpu") if backend.runs_on("torch") else contextlib.nullcontext()


def host_array(tensor):
    """The values of a tensor as a numpy array, which may share its memory."""
    if backend.name() == "torch":
        return tensor.detach().cpu().numpy()
    return backend.to_numpy(tensor)


def host_tensor(array):
    """A torch tensor in the memory of the CPU."""
    return importlib.import_module("torch").from_numpy(array)


@functools.cache
def one_program(function):
    """The function; on JAX as one compiled program, instead of step by step."""
    return importlib.import_module("jax").jit(function) if backend.runs_on("jax") else function
