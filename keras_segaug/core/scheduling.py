"""Which arguments of a layer may follow a schedule, and what files keep of those that do."""

import inspect
import numbers
from types import CodeType, FunctionType

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.core import backend, random, training_backend
from keras_segaug.core.moving import move


def mover(layer, argument):
    """The object that assigns to an argument that can move."""
    if argument not in drawn_arguments(layer) and _makes_layers(layer, argument):
        return Followed(layer, argument)
    return move(layer, argument)


def normalized(layer, argument, value):
    """A user's value of an argument, as the layer's constructor normalizes it; or an error."""
    if argument == "probability":
        return checks.number(layer, argument, value, 0.0, 1.0)
    if _makes_layers(layer, argument) and _is_number(value):
        return getattr(_made_anew(layer, argument, value), argument)
    found = getattr(_with(layer, argument, value), argument)
    own = getattr(layer, argument)
    if np.shape(found) != np.shape(own):
        checks.fail(layer, argument, f"as it was given to the layer, which has {own!r}", value)
    return found


def check_can_move(layer, argument):
    """Refuses an argument that decides more than the drawn numbers."""
    if argument in layer._moving:
        return
    here = f"{type(layer).__name__}: `{argument}` cannot follow a schedule"
    if not layer.random:
        raise ValueError(f"{here}: this layer is not random. Give a random layer.")
    if argument == "probability":
        # A layer that must always act raises here.
        _with(layer, argument, 0.5)
        return
    drawn = drawn_arguments(layer)
    if _makes_layers(layer, argument) and argument not in drawn:
        nodes = list(layer._nodes())
        followers = _following(layer, argument)
        for i, name in followers:
            check_can_move(nodes[i], name)
        if followers:
            return
    if argument not in drawn:
        ways = ", ".join(map(repr, ["probability", *drawn]))
        raise ValueError(
            f"{here}. Accepted for this layer: {ways}: what decides which numbers are drawn, and "
            "nothing else."
        )
    kinds = _dtypes_of(layer.draw(_some_draws()))

    def draw(value):
        found = _dtypes_of(layer._at_present({argument: value}).draw(_some_draws()))
        if found != kinds:
            raise TypeError(f"what is drawn would be of the dtypes {found} instead of {kinds}")
        return value

    try:
        training_backend.try_in_a_trace(draw, np.array(getattr(layer, argument), "float32"))
    except Exception as error:
        raise ValueError(f"{here}: its `draw` needs it as a number of Python: {error}") from error


def drawn_arguments(layer):
    """The arguments, numbers or pairs of them, that `draw` reads and no other method does."""
    classes = [cls for cls in type(layer).__mro__ if issubclass(cls, keras.layers.Layer)]
    classes = classes[: classes.index(keras.layers.Layer)]
    by_draw: set = set()
    by_others: set = set()
    for cls in classes:
        for name, method in vars(cls).items():
            method = getattr(method, "fget", getattr(method, "__func__", method))
            if isinstance(method, FunctionType) and name != "__init__":
                (by_draw if name == "draw" else by_others).update(_names_in(method.__code__))
    found = [name for name in layer.get_config() if name in by_draw - by_others]
    return [name for name in found if _is_numeric(getattr(layer, name, None))]


def _names_in(code):
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return {*code.co_names, *(name for each in inner for name in _names_in(each))}


def _is_numeric(value):
    entries = value if isinstance(value, tuple) and len(value) == 2 else (value,)
    return all(map(_is_number, entries))


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _with(layer, argument, value):
    """A layer with another value of an argument, and everything else as it is."""
    plain = value if isinstance(value, (tuple, list)) else [value]
    if not all(isinstance(each, numbers.Real) for each in plain):
        checks.fail(layer, argument, "a number or a pair of numbers", value)
    config = {**layer.get_config(), argument: value}
    made, own = (type(layer).from_config(each) for each in (config, layer.get_config()))
    for name, held in _plain_attributes(made).items():
        if name != argument and held != _plain_attributes(own).get(name, held):
            raise ValueError(
                f"{type(layer).__name__}: `{argument}` cannot follow a schedule: `{name}` of the "
                f"layer follows from it, and is {held!r} with {argument}={value!r}."
            )
    return made


def _plain_attributes(layer):
    return {name: held for name, held in vars(layer).items() if _is_plain(held)}


def _is_plain(value):
    entries = value if isinstance(value, tuple) else (value,)
    return all(isinstance(each, (bool, int, float, str)) for each in entries)


def _dtypes_of(drawn):
    return {name: keras.backend.standardize_dtype(value.dtype) for name, value in drawn.items()}


def _some_draws():
    return random.Draws(random.key(0), 1)


class Followed:
    """An argument of a policy that moves: the arguments of the layers made from it follow.

    Args:
        layer: a policy that has made its own layers.
        argument: such as "magnitude".
    """

    def __init__(self, layer, argument):
        self._layer, self._argument = layer, argument
        self._places = _following(layer, argument)
        nodes = list(layer._nodes())
        self._movings = {(i, name): move(nodes[i], name) for i, name in self._places}

    def assign(self, value):
        nodes = list(_made_anew(self._layer, self._argument, value)._nodes())
        for (i, name), moving in self._movings.items():
            moving.assign(getattr(nodes[i], name))


def _made_anew(layer, argument, value):
    """A layer with another value of an argument, which makes its own layers from it."""
    return type(layer).from_config({**layer.get_config(), "layers": None, argument: value})


def _following(layer, argument):
    """[(number of a layer inside, its argument)] of all that follows from an argument."""
    values = (getattr(layer, argument), 0.3, 0.7)
    nodes = list(layer._nodes())
    as_it_is, *others = (list(_made_anew(layer, argument, x)._nodes()) for x in values)
    found = []
    for i, (node, own, *pair) in enumerate(zip(nodes, as_it_is, *others, strict=False)):
        for name in (name for name in node.get_config() if name not in ("name", argument)):
            held, made, one, other = (getattr(each, name, None) for each in (node, own, *pair))
            if _is_plain(held) and held != made:
                raise ValueError(
                    f"{type(layer).__name__}: `{argument}` cannot follow a schedule: its layers "
                    "were given, and do not follow from it. Move the arguments of these layers."
                )
            if _is_plain(one) and one != other:
                found.append((i, name))
    return found


def _makes_layers(layer, argument):
    """Does the layer make the layers inside from this argument, where none are given?"""
    own = _is_number(getattr(layer, argument, None)) and argument != "probability"
    return bool(own and layer._children and _allows_none(layer))


def _allows_none(layer):
    parameter = inspect.signature(type(layer).__init__).parameters.get("layers")
    inherited = parameter is None or parameter.default is None
    return inherited and "layers" in layer.get_config()


# --- For files -------------------------------------------------------------------------------

_PREFIX = "scheduled_"


def save(layer, store):
    """Writes a layer with moving arguments into its store: its stream, and these by name."""
    if layer._state is not None:
        store["0"] = backend.to_numpy(layer._state.value)
    for argument, moving in layer._moving.items():
        store[f"{_PREFIX}{argument}"] = backend.to_numpy(moving.variable.value)


def load(layer, store):
    """Reads such a store, also into a layer that no schedule moves yet; False for other stores."""
    held = list(store.keys())
    names = [name for name in held if name.startswith(_PREFIX)]
    if not names and not layer._moving:
        return False
    for argument in [name.removeprefix(_PREFIX) for name in names]:
        check_can_move(layer, argument)
        move(layer, argument).assign(np.asarray(store[f"{_PREFIX}{argument}"]))
    if "0" in held:
        layer._stream_of_calls()
        layer._state.assign(np.asarray(store["0"]))
    return True
