"""What compositions whose layers take turns have in common."""

from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.checks import branches
from keras_segaug.core import value_ranges
from keras_segaug.core.backend import ops
from keras_segaug.core.composition import Composition, nothing_elsewhere
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.engine.color_choice import alternatives, are_colors
from keras_segaug.kernels.values import replace


class Turns(Composition, abstract=True):
    """Some turns, in each of which every sample gets one layer, or none.

    A composition draws "turns", int32 (B, number of turns): the number of the layer, -1 for none.
    No layer has two turns.
    """

    # Is all that moves or writes pixels done before the first color, so that it is one lookup?
    _colors_last = False
    # Do 8-bit images stay 8-bit images from one color to the next?
    _rounds = False

    def __init__(self, layers: Sequence[AugmentationLayer], **kwargs: Any) -> None:
        super().__init__(layers, **kwargs)
        for layer in self.layers:
            if layer._mixes():
                accepted = "layers that treat every sample by itself; put what mixes samples after"
                checks.fail(self, "layers", f"{accepted} the {type(self).__name__}", layer)
        if not branches.keep_all(self, self.layers):
            accepted = "layers that keep the image's size and the mask's channels"
            checks.fail(self, "layers", accepted, self.layers)

    @property
    def _most_turns(self):
        """How many layers a sample gets at most."""
        return len(self.layers)

    def _inside(self, spec):
        """What each of the layers gets: a `Spec`, whose range another one may have changed."""
        first = self._first(spec)
        if self._most_turns == 1:
            return [first] * len(self.layers)
        name = type(self).__name__
        why = f"another layer of the {name} may have changed it; put that one before or after the "
        why += f"{name}, or say which range this one needs"
        after = [layer.output_spec(first).value_range for layer in self.layers]
        found = []
        for number in range(len(self.layers)):
            before = [first.value_range, *after[:number], *after[number + 1 :]]
            found.append(replace(first, value_range=value_ranges.common(before, why)))
        return found

    def output_spec(self, spec):
        # Every layer is asked: each may refuse a size.
        first = self._first(spec)
        ranges = [first.value_range, *(each.output_spec(first).value_range for each in self.layers)]
        if not spec.acting:
            return spec
        why = f"a {type(self).__name__} before it leaves images in different ranges"
        found = value_ranges.common(ranges, why)
        # Its own range applies to its layers alone.
        return spec if found == first.value_range else replace(spec, value_range=found)

    def _leaves(self, spec):
        pairs = zip(self.layers, self._inside(spec), strict=True) if spec.acting else ()
        for layer, own in pairs:
            yield from layer._leaves(own)

    def _turns_of(self, count):
        """The numbers of the layers that each of the turns chooses among."""
        return [range(len(self.layers))] * count

    def _settle(self, parameters):
        turns = parameters["turns"]
        held = [ops.any(turns == number, axis=1) for number in range(len(self.layers))]
        triples = zip(self.layers, parameters["layers"], held, strict=True)
        return {**parameters, "layers": [nothing_elsewhere(*triple) for triple in triples]}

    def _gate(self, parameters, condition):
        return self._each(nothing_elsewhere, parameters, condition)

    def _plan_layers(self, parameters, inner, view):
        if parameters is None:
            return [], inner
        turns, specs = parameters["turns"], self._inside(view.spec)
        triples = list(zip(self.layers, inner, specs, strict=True))
        planned = [layer._planned(x, replace(view, spec=own))[0] for layer, x, own in triples]
        if self._colors_last or all(map(are_colors, planned)):
            return self._colors_at_once(turns, planned), inner
        operations: list = []
        for turn, numbers in enumerate(self._turns_of(turns.shape[1])):
            chosen = turns[:, turn]
            planned = []
            for number in numbers:
                layer, drawn, own = triples[number]
                drawn = nothing_elsewhere(layer, drawn, chosen == number)
                planned.append(layer._planned(drawn, replace(view, spec=own))[0])
            others, colors = alternatives(chosen - numbers[0], planned, self._rounds)
            found = [*others, *(replace(each, origin=self) for each in colors)]
            view = view.after(found, view.spec)
            operations += found
        return operations, inner

    def _colors_at_once(self, turns, planned):
        """What moves pixels, turn by turn; then one choice among the colors of all turns."""
        moving = []
        for turn in range(turns.shape[1]):
            for number, branch in enumerate(planned):
                chosen = turns[:, turn] == number
                for each in [] if are_colors(branch) else branch:
                    acts = chosen if each.acts is None else each.acts & chosen
                    moving.append(replace(each, acts=acts))
        branches = [branch if are_colors(branch) else [] for branch in planned]
        _, colors = alternatives(turns, branches, self._rounds)
        return [*moving, *(replace(each, origin=self) for each in colors)]
