"""Frozen values that hold tensors at any depth, and the tensors in them."""

from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(eq_default=False, frozen_default=True)
class Value:
    """Base of values that do not change: annotations are the fields, and their values the defaults.

    As `dataclasses.dataclass(frozen=True, eq=False)`, which writes and compiles the source of each
    class at import: for the two dozen of this package that takes about as long as all the rest.
    """

    fields: ClassVar[tuple] = ()

    def __init_subclass__(cls):
        super().__init_subclass__()
        own = [name for name in vars(cls).get("__annotations__", {}) if name not in cls.fields]
        cls.fields = (*cls.fields, *own)

    def __init__(self, *values, **named):
        named |= dict(zip(self.fields, values, strict=False))
        for name in self.fields:
            if name in named:
                object.__setattr__(self, name, named.pop(name))
            elif not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__}: {name!r} is missing.")
        if named or len(values) > len(self.fields):
            raise TypeError(
                f"{type(self).__name__} has the fields {', '.join(self.fields)}. Received "
                f"{', '.join(map(repr, named)) or f'{len(values)} values'}."
            )

    def __setattr__(self, name, value):
        raise AttributeError(f"{type(self).__name__} does not change: use `replace`.")

    def __repr__(self):
        given = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.fields)
        return f"{type(self).__name__}({given})"


def replace(value: Any, **changes: Any) -> Any:
    """The same value with other fields."""
    return type(value)(**{name: getattr(value, name) for name in value.fields} | changes)


def map_tensors(function, value):
    """The same value with `function` of each tensor in it; single numbers stay as they are."""
    if isinstance(value, Value):
        found = {name: map_tensors(function, getattr(value, name)) for name in value.fields}
        return replace(value, **found)
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

    def kept(tensor):
        found.append(tensor)
        return tensor

    map_tensors(kept, value)
    return found


def with_tensors(value, tensors):
    """The value with other tensors, in that order."""
    rest = iter(tensors)
    return map_tensors(lambda _: next(rest), value)
