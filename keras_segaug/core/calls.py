"""What a call may be given, by place and by name."""

import numbers

import keras

from keras_segaug import checks
from keras_segaug.core import processes
from keras_segaug.core.apply import mixing_of
from keras_segaug.core.inputs import ROLES, Inputs
from keras_segaug.core.serialization import nearest


def inputs_of(owner, *given, **named):
    """The `Inputs` of a call: (images, masks, sample_weights, further entries), some by name."""
    processes.warn_of_a_fork(owner)
    entries: dict = dict(enumerate(given))
    for name, value in named.items():
        place = _place_of(owner, name)
        if entries.get(place) is not None:
            raise ValueError(
                f"{checks.name_of(owner)}: {list(ROLES)[place]} are given twice, once as {name!r}."
            )
        entries[place] = value
    images, masks, sample_weights = (entries.get(place) for place in range(len(ROLES)))
    if len(given) <= len(ROLES):
        return Inputs(owner, images, masks, sample_weights)
    if any(isinstance(entry, bool) for entry in given):
        checks.fail(owner, "training", "given by name", given[-1])
    # As `dataset.map` hands over the entries of a tuple.
    return Inputs(owner, (images, masks, sample_weights, *given[len(ROLES) :]))


def _place_of(owner, name):
    for place, names in enumerate(ROLES.values()):
        if name in names:
            return place
    known = [each for names in ROLES.values() for each in names]
    raise TypeError(
        f"{checks.name_of(owner)}: a call has no argument {name!r}.{nearest(name, known)} It takes "
        "images, masks and sample_weights. What else belongs to a sample comes in one mapping: "
        f'layer({{"images": images, "masks": masks, {name!r}: ...}}).'
    )


def wanted(owner, return_parameters, return_mixing):
    """Does the caller want more than the result?"""
    if return_mixing == "":
        checks.fail(
            owner, "return_mixing", "True, False, or a key, not an empty one", return_mixing
        )
    if not isinstance(return_mixing, str):
        checks.truth(owner, "return_mixing", return_mixing)
    return checks.truth(owner, "return_parameters", return_parameters) or bool(return_mixing)


def with_mixing(owner, inputs, found, return_parameters, return_mixing):
    """What a call returns that also tells which samples its pixels come from.

    Args:
        owner: the layer.
        inputs: the `Inputs` of the call.
        found: (result, parameters).
        return_parameters: does the caller want them, too?
        return_mixing: True, or the key under which it goes into the result, a mapping.
    """
    result, parameters = found
    if owner._gives_views:
        checks.fail(owner, "return_mixing", "False for several views", return_mixing)
    mixing = mixing_of(owner, inputs, parameters)
    if return_mixing is True:
        return (result, parameters, mixing) if return_parameters else (result, mixing)
    if not isinstance(result, dict) or return_mixing in result:
        accepted = "True, or a key that a mapping of images and masks does not have"
        checks.fail(owner, "return_mixing", accepted, return_mixing)
    result = {**result, return_mixing: mixing}
    return (result, parameters) if return_parameters else result


def refuse_symbols(owner, inputs):
    """Raises for the inputs of a functional model, which has no place for parameters."""
    symbols = [x for x in keras.tree.flatten(inputs.tensors) if isinstance(x, keras.KerasTensor)]
    if symbols:
        raise ValueError(
            f"{checks.name_of(owner)}: `return_parameters` must be False for the symbolic inputs "
            f"of a functional model. Received: return_parameters=True and {symbols[0]!r}. Call "
            "the layer in the `call` of a layer or model of your own, and use the parameters there."
        )


def training(owner, value):
    """True, False or None; the numbers 1 and 0 are accepted, too."""
    whole = isinstance(value, numbers.Integral) or type(value).__name__ == "bool"
    if value is not None and not (whole and value in (0, 1)):
        checks.fail(owner, "training", "True, False or None", value)
    return None if value is None else bool(value)
