"""What layers made of layers have in common."""

from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.parameters import why_not_of
from keras_segaug.core.value_ranges import ValueRange
from keras_segaug.kernels.values import replace


def _cure(entry):
    """What to write instead of something that is not a layer of this package."""
    if isinstance(entry, type) and issubclass(entry, AugmentationLayer):
        return f" Make a layer of the class: {entry.__name__}(...)."
    if isinstance(entry, (tuple, list)):
        return " Put the layers of an inner list into a Pipeline of their own."
    if isinstance(entry, AugmentationLayer):
        return " MultiView is the outermost layer: give what comes before its views as `shared`."
    return " Take the layer of this package that does the same, such as JointRandomFlip."


def layer_or_fail(owner, argument, layer):
    """Raises for what cannot be inside another layer."""
    if not isinstance(layer, AugmentationLayer) or layer._gives_views:
        raise ValueError(
            f"{checks.name_of(owner)}: `{argument}` must hold keras_segaug layers only, which know "
            f"image from mask, and give one result. Received: {checks.shown(layer)} of type "
            f"{type(layer).__name__}.{_cure(layer)}"
        )


class Composition(AugmentationLayer, abstract=True):
    """Holds layers; draws for all of them from one key, and runs their operations together."""

    def __new__(cls, *args, **kwargs):
        # Layers that are not in a list: `__init__` would take the second for another argument.
        if any(isinstance(each, AugmentationLayer) for each in args):
            accepted = f"a list of keras_segaug layers: {cls.__name__}([first, second])"
            checks.fail(cls.__name__, "layers", accepted, args)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, layers: Sequence[AugmentationLayer], **kwargs: Any) -> None:
        if not isinstance(layers, (tuple, list)) or not layers:
            name = type(self).__name__
            accepted = f"a non-empty list of keras_segaug layers: {name}([first, second])"
            checks.fail(self, "layers", accepted, layers)
        for layer in layers:
            layer_or_fail(self, "layers", layer)
        # The base asks `random` while it checks `probability`.
        object.__setattr__(self, "_children", tuple(layers))
        super().__init__(**kwargs)
        self.layers = list(layers)

    def _draw_all(self, draws):
        children = draws.children(len(self.layers))
        drawn = [layer._draw_all(each) for layer, each in zip(self.layers, children, strict=True)]
        parameters = self._settle({**super()._draw_all(draws), "layers": drawn})
        if "applied" not in parameters:
            return parameters
        return {**parameters, "layers": self._gate(parameters, parameters["applied"])}

    def _tree(self):
        return f"{type(self).__name__}({','.join(layer._tree() for layer in self.layers)})"

    def _why_not(self, parameters):
        why = why_not_of(self, parameters, ("layers",))
        if why is not None:
            return why
        inner = parameters["layers"]
        if not isinstance(inner, (tuple, list)) or len(inner) != len(self.layers):
            count = len(inner) if isinstance(inner, (tuple, list)) else checks.shown(inner)
            return f"takes a list of {len(self.layers)} in 'layers'. Received {count}"
        for number, (layer, drawn) in enumerate(zip(self.layers, inner, strict=True)):
            why = layer._why_not(drawn)
            if why is not None:
                return f"holds layers[{number}], a {type(layer).__name__}, which {why}"
        return None

    def _drawn(self, parameters):
        for layer, drawn in zip(self.layers, parameters["layers"], strict=True):
            yield from layer._drawn(drawn)

    def _planned(self, parameters, view):
        inner = [None] * len(self.layers) if parameters is None else parameters["layers"]
        operations, inner = self._plan_layers(parameters, inner, view)
        return operations, None if parameters is None else {**parameters, "layers": inner}

    def _plan_layers(self, parameters, inner, view):
        """(operations, the inner layers' parameters, finished)."""
        raise NotImplementedError(f"{type(self).__name__} must define `_plan_layers`.")

    def _first(self, spec):
        """The `Spec` of what the first layer gets, with the composition's own `value_range`."""
        given = getattr(self, "value_range", None)
        return spec if given is None else replace(spec, value_range=ValueRange(*given))

    def _settle(self, parameters):
        """Passes on to the layers what the composition itself has drawn."""
        return parameters

    def _gate(self, parameters, condition):
        """The inner layers' parameters; where the condition (B,) is false, as at inference."""
        raise NotImplementedError(f"{type(self).__name__} must define `_gate`.")

    def _each(self, function, parameters, condition):
        """`function(layer, its parameters, condition)` for each of the layers, as a list."""
        return [
            function(layer, drawn, condition)
            for layer, drawn in zip(self.layers, parameters["layers"], strict=True)
        ]


def nothing_elsewhere(layer, parameters, condition):
    """The same parameters; where the condition (B,) does not hold, nothing at all is done."""
    if isinstance(layer, Composition):
        inner = layer._each(nothing_elsewhere, parameters, condition)
        parameters = {**parameters, "layers": inner}
    return acting(parameters, condition)


def at_inference_elsewhere(layer, parameters, condition):
    """The same parameters; elsewhere deterministic layers act and random ones do nothing."""
    if not layer.random:
        return parameters
    if isinstance(layer, Composition):
        parameters = {**parameters, "layers": layer._gate(parameters, condition)}
    return acting(parameters, condition)


def acting(parameters, condition):
    applied = parameters.get("applied")
    return {**parameters, "applied": condition if applied is None else applied & condition}
