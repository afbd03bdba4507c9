"""Arguments that a schedule moves during training: variables, where all others are numbers.

A layer gets a variable when a schedule asks for it, and no sooner. Programs take what it holds as
an input, so that they need not be compiled anew, and draws are made by the layer as it is then.
"""

import numbers
from types import CodeType, FunctionType

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.core import backend, counter, processes, training_backend
from keras_segaug.core.backend import ops


class Moving:
    """The variable of one argument of a layer: a number, or a pair of them.

    Args:
        layer: which gets the variable, saved with it and not trained.
        argument: its name.
        value: what it holds at first.
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
        # What datasets read where Keras does not run on TensorFlow; made when the first one does.
        self._mapped = None

    def read(self):
        """What it holds, as a tensor that fits the tensors at hand; in a graph, when that runs."""
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


# --- What a schedule asks --------------------------------------------------------------------


def move(layer, argument):
    """The `Moving` of an argument that can move, made where there is none yet."""
    with processes.lock():
        if argument in layer._moving:
            return layer._moving[argument]
        moving = Moving(layer, argument, getattr(layer, argument))
        # Not for Keras to track, which has the variable.
        object.__setattr__(layer, "_moving", {**layer._moving, argument: moving})
    return moving


def normalized(layer, argument, value):
    """A value of an argument as the layer's constructor makes it of what users give, or refuses."""
    if argument == "probability":
        return checks.number(layer, argument, value, 0.0, 1.0)
    found = getattr(_with(layer, argument, value), argument)
    own = getattr(layer, argument)
    if np.shape(found) != np.shape(own):
        checks.fail(layer, argument, f"as it was given to the layer, which has {own!r}", value)
    return found


def check_can_move(layer, argument):
    """Refuses an argument of which more than the drawn numbers follows."""
    if argument in layer._moving:
        return
    here = f"{type(layer).__name__}: `{argument}` cannot follow a schedule"
    if not layer.random:
        raise ValueError(f"{here}: this layer is not random. Give a random layer.")
    if argument == "probability":
        # What needs to act always says so.
        _with(layer, argument, 0.5)
        return
    drawn = drawn_arguments(layer)
    if argument not in drawn:
        ways = ", ".join(map(repr, ["probability", *drawn]))
        raise ValueError(
            f"{here}. Accepted for this layer: {ways}: what decides which numbers are drawn, and "
            "nothing else."
        )
    try:
        training_backend.try_in_a_trace(
            lambda value: layer._at_present({argument: value}).draw(_some_draws()),
            np.array(getattr(layer, argument), "float32"),
        )
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
    return all(isinstance(x, numbers.Real) and isinstance(x, float) for x in entries)


def _with(layer, argument, value):
    """A layer with another value of an argument, and all else as it is."""
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


def _some_draws():
    from keras_segaug.core import random

    return random.Draws(random.key(0), 1)


# --- What files ask --------------------------------------------------------------------------

_PREFIX = "scheduled_"


def save(layer, store):
    """Into the store of a layer of which arguments move: its stream, and they by their names."""
    if layer._state is not None:
        store["0"] = backend.to_numpy(layer._state.value)
    for argument, moving in layer._moving.items():
        store[f"{_PREFIX}{argument}"] = backend.to_numpy(moving.variable.value)


def load(layer, store):
    """Out of such a store, also into a layer that no schedule moves yet; False for other stores."""
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


def values_of(layer):
    """[{argument: value}] of all that moves, for the layer and each that it holds."""
    nodes = [
        {name: backend.to_numpy(moving.variable.value) for name, moving in node._moving.items()}
        for node in layer._nodes()
    ]
    return nodes if any(nodes) else None


# --- What draws ask --------------------------------------------------------------------------


def present(layer, traced):
    """{number: tensor} of all that moves in a layer and in those that it holds.

    Args:
        layer: that is called.
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
