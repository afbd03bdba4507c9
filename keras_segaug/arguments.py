"""Arguments that have to be named, since Keras reads another meaning into their place."""

import inspect

# What Keras' layers of the same name take first: a chance, which a number would silently mean.
_CURE = " Keras' layer of the same name takes the chance that it acts first: that is `probability` here."


def check_named(cls, positional):
    """Are arguments without a name given only where the layer has a place for them?"""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    places = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    if not positional or places or not named:
        # Python itself counts those that have a place.
        return
    given = ", ".join(map(repr, positional))
    raise TypeError(
        f"{cls.__name__}: arguments must be named, as in `{named[0]}=...`. Received: "
        f"{cls.__name__}({given}).{_CURE}"
    )
