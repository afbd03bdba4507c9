"""What a layer is to the layers that hold it: a node of the tree that a composition walks."""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

from keras_segaug.core.moving import move
from keras_segaug.core.parameters import shapes_drawn, why_not_of
from keras_segaug.kernels.values import replace


class Node:
    """Mixed into the base of all layers; compositions answer for what they hold."""

    # The layers that it holds.
    _children: tuple = ()
    # {argument: `moving.Moving`} of those that a schedule moves.
    _moving: Mapping = MappingProxyType({})
    # Has a dataset been mapped with it while no argument moved?
    _in_a_dataset = False
    # Defined by the base.
    draw: Any
    plan: Any
    probability: Any
    random: Any
    resolve: Any

    def _draw_all(self, draws):
        """The drawn parameters and, unless it always acts, on which samples the layer acts."""
        if not self.random:
            return {}
        moved = {name: draws.moving[each] for name, each in self._moving.items()}
        probability = moved.pop("probability", self.probability)
        drawn = (self._at_present(moved) if moved else self).draw(draws)
        return drawn if self._always_acts else {"applied": draws.gate(probability), **drawn}

    @property
    def _always_acts(self):
        """Is it certain that the layer acts on every sample?"""
        return self.probability == 1.0 and "probability" not in self._moving

    def _at_present(self, moved):
        """The layer with tensors for the arguments that move, only for drawing."""
        layer = object.__new__(type(self))
        pairs = {name: (x[0], x[1]) if len(x.shape) else x for name, x in moved.items()}
        vars(layer).update({**vars(self), **pairs})
        return layer

    def _move_to(self, values):
        """Moves arguments to the values that `moving.values_of` found in a layer like this."""
        for node, moved in zip(self._nodes(), values, strict=False):
            for argument, value in moved.items():
                move(node, argument).assign(value)

    def _nodes(self):
        """The layer and all layers in it, however deep."""
        yield self
        for child in self._children:
            yield from child._nodes()

    def _tree(self):
        """The class names of this layer and of all layers in it."""
        return type(self).__name__

    @cached_property
    def _shapes_drawn(self):
        """{name: shape of one sample} of what the layer itself draws, found out once."""
        return shapes_drawn(self)

    def _why_not(self, parameters):
        """Says what shows that another layer has drawn these parameters; None if nothing does."""
        return why_not_of(self, parameters)

    def _count_as_built(self):
        """Inside a built layer: the keys come from that one, so this one needs no state.

        Keras takes a model for unbuilt, and may run it once more for each `predict`, as long as
        one layer in it is unbuilt.
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

    def _crosses_shards(self):
        """May samples on different devices meet?"""
        return any(layer._crosses_shards() for layer in self._children)

    def _refuse_values(self, inputs):
        """Refuses values, where they can be seen, that would make a result wrong."""
        for layer in self._children:
            layer._refuse_values(inputs)

    def _planned(self, parameters, view):
        """(operations, the parameters, finished), for a layer that gets what a `View` shows."""
        drawn, acts = None, None
        if parameters is not None:
            drawn = {name: x for name, x in parameters.items() if name != "input_size"}
            acts = drawn.pop("applied", None)
            drawn = self.resolve(drawn, replace(view, asker=self))
            parameters = {**parameters, **drawn}
        operations = self.plan(drawn, view.spec)
        return [replace(each, origin=self, acts=acts) for each in operations], parameters
