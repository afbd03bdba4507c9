"""What surrounds a call: a graph of TensorFlow that runs later, a model in training."""

import sys

import keras

from keras_segaug.core import backend


def assert_in_graph(tensor, holds, message, *shown):
    """Raises with this message if `holds()` is False when a TensorFlow graph runs.

    After the message come the shapes of the tensors in `shown`. Programs that XLA compiles leave
    this check out, and nothing is checked under JAX and torch.
    """
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None and isinstance(tensor, tensorflow.Tensor):
        with backend.ops_of(tensor):
            shapes = [tensorflow.shape(each) for each in shown]
            tensorflow.debugging.Assert(holds(), [message, *shapes])


def is_network_in_training():
    """Is this call part of a model with weights that is told to train?"""
    state = backend.global_state()
    context = state.get_global_attribute("current_call_ctx")
    if context is None or context.get_value("training") is not True:
        return False
    # Under JAX Keras calls a model as a function of the values of its variables.
    scope = state.get_global_attribute("stateless_scope")
    values = list(scope.state_mapping.values()) if scope is not None else []
    if isinstance(context.entry_layer, keras.Model):
        values += context.entry_layer.weights
    return any("float" in str(value.dtype) for value in values)
