"""What layers are equal to the hosts of a run, and to files of parameters."""

import hashlib
import json
from typing import Any

from keras_segaug.core.serialization import described
from keras_segaug.version import __version__


class Compared:
    """Gives every layer `fingerprint`."""

    # Defined by the base.
    get_config: Any
    random: Any
    seed: Any
    _stream: Any

    def fingerprint(self) -> str:
        """A short text that tells hosts apart that would augment differently.

        It is made from the version of this package, the classes and arguments of the layer and of
        all layers in it, and the seed; names do not matter. Let the hosts exchange it when they
        start, and stop where it differs. It does not see the code of your own functions and
        layers, nor how far the random stream has come.

        Returns:
            16 hexadecimal digits.

        Raises:
            ValueError: for a random layer without a seed before it is built, when it draws one.

        Example:

        >>> here, there = (keras_segaug.JointRandomRotation(x, seed=1) for x in (0.1, 0.2))
        >>> here.fingerprint() == there.fingerprint()
        False
        """
        arguments = arguments_without(self, ("name", "seed", "trainable"))
        text = json.dumps([__version__, _seed_of(self), arguments], default=plain)
        return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()


def _seed_of(layer):
    """The seed that decides what a layer draws."""
    if not layer.random:
        return None
    if layer._stream is not None:
        return int(layer._stream.read()[2])
    if layer.seed is None:
        raise ValueError(
            f"{type(layer).__name__}: `fingerprint` needs a seed. Received: seed=None, with which "
            "each host draws its own when it builds the layer. Give the same `seed` on all hosts."
        )
    return layer.seed % (1 << 32)


def plain(value):
    """An argument that JSON lacks: of arrays every value, whose text leaves out most of many."""
    if hasattr(value, "tolist"):
        return {"dtype": str(value.dtype), "values": value.tolist()}
    return str(value)


def arguments_without(layer, names):
    """The layer as `described`, without these arguments of it and of the layers in it."""
    return _told(described(type(layer), layer.get_config()), names)


def _told(value, without):
    if isinstance(value, dict) and value.get("class_name") == "__lambda__":
        # Its serialized code is tied to one version of Python.
        return "a lambda"
    if isinstance(value, dict):
        skipped = without if "class" in value else ()
        return {name: _told(each, without) for name, each in value.items() if name not in skipped}
    if isinstance(value, (tuple, list)):
        return [_told(each, without) for each in value]
    return value
