"""What a layer is to the layers that hold it: a node of a tree, which a composition walks."""

from functools import cached_property
from typing import Any

from keras_segaug.core.parameters import shapes_drawn, why_not_of
from keras_segaug.kernels.values import replace


class Node:
    """Mixed into the base of all layers; compositions answer for what they hold."""

    # The layers that it holds.
    _children: tuple = ()
    # Of the base.
    draw: Any
    plan: Any
    probability: Any
    random: Any
    resolve: Any

    def _draw_all(self, draws):
        """The drawn parameters and, where it is not certain, whether the layer acts at all."""
        if not self.random:
            return {}
        if self.probability == 1.0:
            return self.draw(draws)
        return {"applied": draws.gate(self.probability), **self.draw(draws)}

    def _tree(self):
        """The names of the classes of this layer and of all in it."""
        return type(self).__name__

    @cached_property
    def _shapes_drawn(self):
        """{name: shape of one sample} of what the layer itself draws, asked for once."""
        return shapes_drawn(self)

    def _why_not(self, parameters):
        """What shows that other layers have drawn these parameters, in words, or None."""
        return why_not_of(self, parameters)

    def _count_as_built(self):
        """Inside a layer that is built: the keys come from there, so that it needs no state.

        Keras takes a model for unbuilt, and may run it once more for each `predict`, while one
        layer in it is.
        """
        self.built = True
        for layer in self._children:
            layer._count_as_built()

    def _leaves(self, spec):
        """The layers that hold no others, each with the `Spec` of what reaches it."""
        yield self, spec

    def _drawn(self, parameters):
        """The layers that hold no others, each with what was drawn for it."""
        yield self, {name: x for name, x in parameters.items() if name != "input_size"}

    def _uses_range(self):
        """Does it need to know the value range?"""
        return hasattr(self, "value_range")

    def _mixes(self):
        """Does it, or a layer inside, mix samples, so that it needs the whole batch?"""
        return any(layer._mixes() for layer in self._children)

    def _refuse_values(self, inputs):
        """Refuses values, where they can be seen, that would make a result wrong."""
        for layer in self._children:
            layer._refuse_values(inputs)

    def _planned(self, parameters, view):
        """(operations, the parameters, finished), of a layer that gets what a `View` shows."""
        drawn, acts = None, None
        if parameters is not None:
            drawn = {name: x for name, x in parameters.items() if name != "input_size"}
            acts = drawn.pop("applied", None)
            drawn = self.resolve(drawn, replace(view, asker=self))
            parameters = {**parameters, **drawn}
        operations = self.plan(drawn, view.spec)
        return [replace(each, origin=self, acts=acts) for each in operations], parameters
