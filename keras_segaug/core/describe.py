"""What was drawn, in words."""

import numpy as np

from keras_segaug.core import backend


def title(layer):
    """The name of a layer's class, and the layer's own where somebody has given it one."""
    name = type(layer).__name__
    # Keras names a layer after its class, and numbers those names.
    if layer.name.replace("_", "").rstrip("0123456789") != name.lower().rstrip("0123456789"):
        name = f"{name} {layer.name!r}"
    return name


def drawn_for(layer, parameters, number):
    """[(title, does it act?, {name: text})] for the sample of this number, layer by layer."""
    found = []
    for leaf, drawn in layer._drawn(parameters):
        values = {name: _of_sample(value, number) for name, value in drawn.items()}
        acts = bool(values.pop("applied", True))
        # The key of a field of noise says nothing to a reader.
        told = {name: _text(v) for name, v in values.items() if not name.endswith("key")}
        found.append((title(leaf), acts, told))
    return found


def sentences(layer, parameters, number):
    """One sentence a layer, for the sample of this number."""
    lines = []
    for name, acts, told in drawn_for(layer, parameters, number):
        said = ", ".join(f"{key} {text}" for key, text in told.items())
        ending = f": {said}" if said else ""
        lines.append(f"{name}{ending}." if acts else f"{name}: leaves it alone.")
    return lines


def _of_sample(value, number):
    return np.asarray(value if isinstance(value, list) else backend.to_numpy(value))[number]


def _text(value):
    if value.dtype == bool and value.ndim > 1:
        return f"{value.mean():.0%} of {' x '.join(map(str, value.shape))}"
    if value.dtype == bool:
        return "yes" if value.all() else "no"
    if value.size <= 4:
        return ", ".join(f"{number:.4g}" for number in value.ravel())
    return " x ".join(map(str, value.shape)) + " numbers"
