"""What the constructors of layers take."""

import inspect

import keras


def check_named(cls, positional):
    """Checks that arguments without a name are only given where the layer has places for them."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    places = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    if not positional or places or not named:
        # Python itself checks arguments that have a place.
        return
    given = ", ".join(map(repr, positional))
    raise TypeError(
        f"{cls.__name__}: arguments must be named, such as `{named[0]}=`. Received: "
        f"{cls.__name__}({given}). The first number that Keras' layer of the same name takes is "
        "a chance to act: here that is `probability=`."
    )


def arguments_of(cls):
    """The names of all `__init__` arguments of a layer class, except Keras' own."""
    return {
        parameter.name: None
        for base in cls.__mro__[: cls.__mro__.index(keras.layers.Layer)]
        if "__init__" in vars(base)
        for parameter in list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        if parameter.kind is not parameter.VAR_KEYWORD
    }
