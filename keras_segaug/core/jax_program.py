"""Programs of JAX that take the weights of Keras layers inside as inputs.

Otherwise a program would keep the weights that it was traced with, whatever becomes of them.
"""

import contextlib

import jax
import keras


class Program:
    """A function of tensors, compiled.

    Args:
        function: the function to trace.
        plain: the same function, to be run step by step.
        owner: the layer that it belongs to, or None.
    """

    def __init__(self, function, plain, owner):
        self._function = function
        self._plain = plain
        self._owner = owner
        self._compiled = jax.jit(self._run)

    def __call__(self, *given, **named):
        others = self._others()
        if not all(layer.built for layer in others):
            # A layer draws its weights when it first runs: values, which a trace does not have.
            self._plain(*given, **named)
        return self._compiled([each.value for each in _variables(others)], given, named)

    def _run(self, values, given, named):
        scope = contextlib.nullcontext()
        if values:
            held = _variables(self._others())
            scope = keras.StatelessScope(list(zip(held, values, strict=True)))
        with scope:
            return self._function(*given, **named)

    def _others(self):
        """The layers inside that are Keras' own; what ours hold is read before a program runs."""
        layers = [] if self._owner is None else self._owner._flatten_layers()
        return [each for each in layers if not hasattr(each, "draw_parameters")]


def _variables(layers):
    """The variables of all, each once: a layer also lists those of the layers inside it."""
    return list({id(v): v for each in layers for v in each.variables}.values())
