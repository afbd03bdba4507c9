"""Programs of JAX, which take the weights of Keras layers inside as inputs.

A program would keep those that there were when it was traced, whatever has become of them.
"""

import contextlib

import jax
import keras


class Program:
    """A function of tensors, compiled.

    Args:
        function: what is traced.
        plain: the same, to be run step by step.
        owner: the layer that it is of, or None.
    """

    def __init__(self, function, plain, owner):
        self._function = function
        self._plain = plain
        self._owner = owner
        self._compiled = jax.jit(self._run)

    def __call__(self, *given, **named):
        if not all(layer.built for layer in self._others()):
            # One draws its weights when it first runs: values, as no trace has them.
            self._plain(*given, **named)
        return self._compiled([variable.value for variable in self._held()], given, named)

    def _run(self, values, given, named):
        scope = contextlib.nullcontext()
        if values:
            scope = keras.StatelessScope(list(zip(self._held(), values, strict=True)))
        with scope:
            return self._function(*given, **named)

    def _held(self):
        """Their variables; those of our layers are read before a program runs."""
        return list({id(v): v for each in self._others() for v in each.variables}.values())

    def _others(self):
        """The layers within that are Keras' own."""
        layers = [] if self._owner is None else self._owner._flatten_layers()
        return [each for each in layers if not hasattr(each, "draw_parameters")]
