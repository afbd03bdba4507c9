"""A layer as the call that makes it: what `repr` and `print` show."""

import inspect
import numbers
import textwrap
from collections.abc import Mapping

import keras

_INDENT = "    "


def written(layer):
    """The call that makes the layer, without its defaults; each layer inside is on its own line."""
    said = []
    defaults = _defaults(type(layer))
    for name, default in defaults.items():
        value = getattr(layer, f"{name}_", None)
        value = getattr(layer, name, default) if value is None else value
        if not _is_default(name, value, default):
            # The layers of a composition are its first argument, which needs no name.
            first = name == "layers" == next(iter(defaults))
            said.append(_text(value) if first else f"{name}={_text(value)}")
    if layer.dtype_policy.name != keras.config.dtype_policy().name:
        said.append(f"dtype={layer.dtype_policy.name!r}")
    return f"{type(layer).__name__}({_joined(said)})"


def _defaults(cls):
    """{argument: default}, those of the class before those of its bases."""
    found: dict = {}
    for base in cls.__mro__[: cls.__mro__.index(keras.layers.Layer)]:
        if "__init__" in vars(base):
            parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
            named = [each for each in parameters if each.kind is not each.VAR_KEYWORD]
            found = {**found, **{p.name: p.default for p in named if p.name not in found}}
    return found


def _is_default(name, value, default):
    if name == "data_format":
        return value == keras.config.image_data_format()
    if name == "weights" and isinstance(value, (tuple, list)):
        return len(set(value)) == 1
    # A factor of 0 is kept as a pair.
    nothing = default == 0.0 and isinstance(value, tuple) and set(value) == {0.0}
    return value is default or nothing or _text(value) == _text(default)


def _text(value):
    if isinstance(value, numbers.Real) and not isinstance(value, (bool, numbers.Integral)):
        return f"{value + 0.0:.6g}"
    if isinstance(value, Mapping):
        return f"{{{_joined([f'{key!r}: {_text(each)}' for key, each in value.items()])}}}"
    if isinstance(value, list):
        return f"[{_joined(list(map(_text, value)))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_text, value))}{',' if len(value) == 1 else ''})"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"<{value.dtype} of shape {tuple(value.shape)}>"
    return repr(value)


def _joined(parts):
    """On one line, or, where one of them is a layer, each on its own."""
    if not any(part[:1].isupper() and part.endswith(")") for part in parts):
        return ", ".join(parts)
    return "\n" + "".join(textwrap.indent(part, _INDENT) + ",\n" for part in parts)
