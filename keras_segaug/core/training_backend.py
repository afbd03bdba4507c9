"""What training needs of TensorFlow, JAX and private Keras; as `backend.py`."""

import contextlib
import importlib
import sys

from keras_segaug.core import backend


@contextlib.contextmanager
def open_to_variables(layer):
    """Within this context a layer that is built may get variables, as Keras' own do for LoRA."""
    locked = layer._tracker.locked
    layer._tracker.unlock()
    try:
        yield
    finally:
        if locked:
            layer._lock_state()


def is_in_a_dataset():
    """Is this being traced for a dataset of `tf.data`?"""
    tensorflow = sys.modules.get("tensorflow")
    graph = None if tensorflow is None else tensorflow.compat.v1.get_default_graph()
    while graph is not None:
        if str(getattr(graph, "name", "")).startswith("Dataset_"):
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def is_constant(variable):
    """Would a program that JAX traces now take the variable's value for good?"""
    functional = backend.in_stateless_scope() or not backend.is_eager(variable.value)
    return backend.runs_on("jax") and backend.name() == "jax" and not functional


def try_in_a_trace(function, value):
    """Runs a function of a tensor as programs do that know shapes and no values."""
    if backend.runs_on("tensorflow"):
        import tensorflow as tf

        wanted = tf.TensorSpec(value.shape, value.dtype)
        tf.function(function, autograph=False).get_concrete_function(wanted)
    elif backend.runs_on("jax"):
        importlib.import_module("jax").eval_shape(function, value)
    else:
        function(backend.ops.convert_to_tensor(value))


def forget_program(model):
    """Lets a model that has trained trace its step anew: the layers in it have another variable."""
    model.train_function = None
