"""Checks of what every layer takes: the names of arguments, and `dtype`."""

import keras

from keras_segaug import checks
from keras_segaug.core.serialization import nearest

# Arguments of Keras' own layers; the last two are outdated there.
KERAS = ("name", "dtype", "trainable", "activity_regularizer", "input_shape", "input_dim")
_NUMBERS = ("float", "bfloat", "int", "uint")


def check_names(layer, given, accepted):
    """Raises for arguments that no `__init__` takes."""
    unknown = sorted(set(given) - set(KERAS))
    if unknown:
        accepted = [*accepted, *KERAS[:3]]
        raise ValueError(
            f"{checks.name_of(layer)}: there is no argument {unknown[0]!r}."
            f"{nearest(unknown[0], accepted)} Arguments must be among: {', '.join(accepted)}. "
            f"Received: {unknown[0]}={checks.shown(given[unknown[0]])}."
        )


def check_dtype(layer, dtype):
    """Raises for a dtype that images cannot come back in."""
    accepted = 'a dtype of floats or integers, such as "float32" or "uint8", a policy, or None'
    try:
        found = keras.dtype_policies.get(dtype).compute_dtype
    except (TypeError, ValueError):
        found = ""
    if not str(found).startswith(_NUMBERS):
        checks.fail(layer, "dtype", accepted, dtype)
