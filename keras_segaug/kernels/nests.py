"""Values that hold tensors at any depth: frozen dataclasses, tuples, lists and mappings of them."""

from dataclasses import fields, is_dataclass, replace


def map_tensors(function, value):
    """The same value with `function` of each tensor in it; single numbers stay as they are."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {f.name: getattr(value, f.name) for f in fields(value)}
        return replace(value, **{name: map_tensors(function, v) for name, v in found.items()})
    if isinstance(value, dict):
        return {name: map_tensors(function, v) for name, v in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(map_tensors(function, v) for v in value))
    if isinstance(value, (tuple, list)):
        return type(value)(map_tensors(function, v) for v in value)
    return function(value) if len(getattr(value, "shape", ())) else value


def tensors_in(value):
    """All tensors in a value, in the order in which `map_tensors` meets them."""
    found: list = []
    map_tensors(lambda tensor: found.append(tensor) or tensor, value)
    return found


def with_tensors(value, tensors):
    """The value with other tensors, in that order."""
    rest = iter(tensors)
    return map_tensors(lambda _: next(rest), value)
