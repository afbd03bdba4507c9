"""Layers as JSON that people read and edit: class names and arguments, nothing else."""

import difflib
import json
from typing import Any

import keras

# The value of an argument that the text leaves out, whatever Keras is set to at the time.
UNSAID = {"dtype": "float32", "trainable": True, "data_format": "channels_last"}
_OWN = "keras_segaug>"
_WIDTH = 100
# Each level of nested layers takes some of Python's stack.
_DEEPEST = 20
# Names of arguments in other libraries.
_ELSEWHERE = {
    **dict.fromkeys(("p", "prob", "rate", "chance"), "probability"),
    **dict.fromkeys(("cval", "fill", "border_value"), "fill_value"),
    **dict.fromkeys(("border_mode", "padding_mode"), "fill_mode"),
    **dict.fromkeys(("fill_mask", "mask_fill", "mask_cval"), "mask_fill_value"),
    **dict.fromkeys(("degrees", "angle", "limit", "max_delta"), "factor"),
}


class WrittenAsJson:
    """Gives every layer `to_json` and `from_json`."""

    def to_json(self) -> str:
        """The layer as JSON: its class, its arguments where they are not the defaults, its name.

        Names and arguments are those of Python, so that the text can be edited by hand.
        What no argument holds is left out: how far the random stream has come. (A `.keras`
        file has that, too.)

        Returns:
            A string for `from_json`.

        Example:

        >>> pipeline = keras_segaug.Pipeline(
        ...     [keras_segaug.JointRandomRotation(0.1, name="turn")], seed=1, name="mine"
        ... )
        >>> print(pipeline.to_json())
        {
          "class": "Pipeline",
          "seed": 1,
          "name": "mine",
          "layers": [
            {"class": "JointRandomRotation", "factor": [-0.1, 0.1], "name": "turn"}
          ]
        }
        """
        config = self.get_config()  # type: ignore[attr-defined]  # a Keras layer has it
        return lay_out(described(type(self), config))

    @classmethod
    def from_json(cls, text: str) -> Any:
        """The layer that a JSON text describes; the inverse of `to_json`.

        An argument that is left out has its default. A class of keras_segaug goes by its
        name, another one by the name it is registered under: `"package>Name"`.

        Args:
            text: a string.

        Returns:
            A layer of this class.

        Raises:
            ValueError: for a text that is not JSON, a class or argument that does not exist
                or a value it does not accept, with its place in the text; for a layer of
                another class.

        Example:

        >>> text = '{"class": "Pipeline", "layers": [{"class": "JointRandomFlip"}]}'
        >>> keras_segaug.Pipeline.from_json(text).layers[0].mode
        'horizontal_and_vertical'
        """
        owner = f"{cls.__name__}.from_json"
        node = parsed(owner, text)
        if not isinstance(node, dict) or "class" not in node:
            raise ValueError(
                f'{owner}: the text must be an object with a "class", such as '
                f'{{"class": "Pipeline", "layers": [...]}}. Received: {shortened(text)}.'
            )
        layer = layer_of(owner, node, "top level")
        if not isinstance(layer, cls):
            raise ValueError(
                f"{owner}: the text must describe a {cls.__name__}. Received a "
                f"{type(layer).__name__}."
            )
        return layer


# --- Writing ---------------------------------------------------------------------------------


def described(cls, config):
    """A layer's config as {"class": ..., argument: value}, without what the defaults supply."""
    said = dict(config)
    for argument in (argument for argument in config if argument != "name"):
        fewer = {key: value for key, value in said.items() if key != argument}
        if _makes(cls, fewer, config):
            said = fewer
    registered = keras.saving.get_registered_name(cls)
    values = {argument: _plain(value) for argument, value in said.items()}
    nested = {argument: value for argument, value in values.items() if _holds_layers(value)}
    flat = {k: v for k, v in values.items() if k not in nested and k != "name"}
    return {"class": registered.removeprefix(_OWN), **flat, "name": values["name"], **nested}


def _makes(cls, fewer, config):
    """Do these arguments give the layer with this config?"""
    try:
        return cls.from_config({**UNSAID, **fewer}).get_config() == config
    except (TypeError, ValueError):
        return False


def _plain(value):
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict) and "class_name" in value:
        if value["class_name"] == "DTypePolicy":
            return value["config"]["name"]
        cls = keras.saving.get_registered_object(value.get("registered_name") or "")
        if isinstance(cls, type) and issubclass(cls, WrittenAsJson):
            return described(cls, value["config"])
        return value
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return value


def _holds_layers(value):
    entries = value if isinstance(value, list) else [value]
    if isinstance(value, dict) and "class" not in value:
        entries = list(value.values())
    return any(isinstance(entry, dict) and "class" in entry for entry in entries)


def lay_out(value, indent=""):
    """JSON in which what fits on one line is on one line, except layers that hold others."""
    line = json.dumps(value, ensure_ascii=False)
    entries = value.values() if isinstance(value, dict) else value
    if not isinstance(value, (dict, list)) or not value:
        return line
    if len(indent + line) <= _WIDTH and not any(map(_holds_layers, entries)):
        return line
    deeper = indent + "  "
    if isinstance(value, dict):
        lines = [f"{json.dumps(key)}: {lay_out(entry, deeper)}" for key, entry in value.items()]
        opening, closing = "{}"
    else:
        lines = [lay_out(entry, deeper) for entry in value]
        opening, closing = "[]"
    body = ",\n".join(deeper + line for line in lines)
    return f"{opening}\n{body}\n{indent}{closing}"


# --- Reading ---------------------------------------------------------------------------------


class _GivenTwiceError(ValueError):
    """A key is given twice in one object."""


def parsed(owner, text):
    """The JSON's value; an object that has a key twice is an error."""

    def once(pairs):
        keys = [key for key, _ in pairs]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise _GivenTwiceError(f"{owner}: {min(twice)!r} is given twice in one object.")
        return dict(pairs)

    if not isinstance(text, str):
        raise TypeError(f"{owner}: `text` must be a string. Received: {type(text).__name__}.")
    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        lines = text.splitlines() or [""]
        line = lines[min(error.lineno, len(lines)) - 1]
        raise ValueError(
            f"{owner}: not JSON: {error.msg} at line {error.lineno}, column {error.colno}: "
            f"{shortened(line.strip())}."
        ) from error
    except _GivenTwiceError:
        raise
    except (ValueError, RecursionError) as error:
        # For example a number of thousands of digits, or deeply nested brackets.
        raise ValueError(f"{owner}: the text cannot be read as JSON: {error}.") from error


def layer_of(owner, node, place):
    if place.count(".") >= _DEEPEST:
        raise ValueError(
            f"{owner}: layers must not lie more than {_DEEPEST} deep in one another. Received "
            f"deeper ones at {shortened(place)}."
        )
    cls = class_of(owner, node["class"], place)
    _check_arguments(owner, cls, set(node) - {"class"}, place)
    inner = "" if place == "top level" else f"{place}."
    arguments = {
        # A key of the targets may be "class".
        argument: value if argument == "targets" else _read(owner, value, f"{inner}{argument}")
        for argument, value in node.items()
        if argument != "class"
    }
    try:
        return cls(**{**UNSAID, **arguments})
    except (TypeError, ValueError) as error:
        raise ValueError(f"{owner}: at {place}: {error}") from error


def _read(owner, value, place):
    if isinstance(value, list):
        return [_read(owner, entry, f"{place}[{i}]") for i, entry in enumerate(value)]
    if isinstance(value, dict) and "class" in value:
        return layer_of(owner, value, place)
    if isinstance(value, dict) and "class_name" not in value:
        return {key: _read(owner, entry, f"{place}.{key}") for key, entry in value.items()}
    return keras.saving.deserialize_keras_object(value)


def class_of(owner, name, place):
    """The layer class that is registered under this name."""
    registered = name if ">" in str(name) else f"{_OWN}{name}"
    cls = keras.saving.get_registered_object(registered)
    if isinstance(cls, type) and issubclass(cls, WrittenAsJson):
        return cls
    names = [
        known.removeprefix(_OWN)
        for known, value in keras.saving.get_custom_objects().items()
        if isinstance(value, type) and issubclass(value, WrittenAsJson)
    ]
    cure = "A class of another package goes by 'package>Name', once its module is imported."
    raise ValueError(
        f"{owner}: at {place}: there is no layer class {name!r}.{nearest(name, names)} {cure}"
    )


def _check_arguments(owner, cls, given, place):
    from keras_segaug.checks.signature import arguments_of

    accepted = [*arguments_of(cls), "name", "dtype", "trainable"]
    unknown = sorted(given - set(accepted))
    if unknown:
        raise ValueError(
            f"{owner}: at {place}: {cls.__name__} has no argument {unknown[0]!r}."
            f"{nearest(unknown[0], accepted)} It takes: {', '.join(accepted)}."
        )


def nearest(name, names):
    """A sentence with the names that look alike, or mean the same elsewhere, if there are any."""
    alike = difflib.get_close_matches(str(name), names)
    meant = _ELSEWHERE.get(str(name))
    alike = [meant] if meant in names else alike
    return f" Did you mean {' or '.join(map(repr, alike))}?" if alike else ""


def shortened(text, length=60):
    return repr(text if len(text) <= length else text[: length - 3] + "...")
