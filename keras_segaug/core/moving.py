"""Arguments that a schedule moves during training: variables, while all others are numbers.

A layer gets a variable only when a schedule asks for it. Programs take its value as an input, so
that they need not be compiled again, and draws are made by the layer as it is at that time.
"""

import keras
import numpy as np

from keras_segaug.core import backend, counter, processes, training_backend
from keras_segaug.core.backend import ops


class Moving:
    """The variable of one argument of a layer: a number, or a pair of them.

    Args:
        layer: the layer that gets the variable, which is saved with it and not trained.
        argument: its name.
        value: its first value.
    """

    def __init__(self, layer, argument, value):
        with backend.outside_graphs(), training_backend.open_to_variables(layer):
            self.variable = layer.add_weight(
                name=f"scheduled_{argument}",
                shape=np.shape(value),
                dtype="float32",
                initializer=lambda shape, dtype=None: keras.ops.convert_to_tensor(value, dtype),
                trainable=False,
                autocast=False,
            )
        # What datasets read where Keras does not run on TensorFlow; made at the first such read.
        self._mapped = None

    def read(self):
        """Its value, as a tensor that fits the tensors at hand; a graph reads it when it runs."""
        if backend.name() == "tensorflow" and not backend.runs_on("tensorflow"):
            with processes.lock():
                if self._mapped is None:
                    held = backend.to_numpy(self.variable.value)
                    self._mapped = counter.tensorflow_variable(held, "float32")
            return ops.convert_to_tensor(self._mapped)
        return ops.convert_to_tensor(self.variable.value)

    def assign(self, value):
        self.variable.assign(np.array(value, "float32"))
        if self._mapped is not None:
            self._mapped.assign(np.array(value, "float32"))


def move(layer, argument):
    """The `Moving` of an argument that can move, made where there is none yet."""
    with processes.lock():
        if argument in layer._moving:
            return layer._moving[argument]
        moving = Moving(layer, argument, getattr(layer, argument))
        # Hidden from Keras, which tracks the variable already.
        object.__setattr__(layer, "_moving", {**layer._moving, argument: moving})
    return moving


def values_of(layer):
    """[{argument: value}] of what moves, for the layer and each inside it; None if nothing does."""
    nodes = [
        {name: backend.to_numpy(moving.variable.value) for name, moving in node._moving.items()}
        for node in layer._nodes()
    ]
    return nodes if any(nodes) else None


# --- For draws -------------------------------------------------------------------------------


def present(layer, traced):
    """{number: tensor} of all that moves in a layer and in the layers inside it.

    Args:
        layer: the layer that is called.
        traced: is the call part of a program that is being traced?
    """
    movings = _movings(layer)
    if movings and traced and training_backend.is_constant(movings[0].variable):
        raise ValueError(
            f"{type(layer).__name__}: a layer with a schedule was called inside `jax.jit` without "
            "its state, so that its arguments would stay as they are now. Call "
            "`layer.stateless_call` there, with the layer's `non_trainable_variables`."
        )
    if not movings and traced and training_backend.is_in_a_dataset():
        for each in layer._nodes():
            each.__dict__["_in_a_dataset"] = True
    return {str(number): each.read() for number, each in enumerate(movings)}


def by_moving(layer, present):
    """{`Moving`: tensor} of what `present` returned."""
    return dict(zip(_movings(layer), present.values(), strict=True))


def _movings(layer):
    found = [moving for node in layer._nodes() for moving in node._moving.values()]
    return list(dict.fromkeys(found))
