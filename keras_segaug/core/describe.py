"""What was drawn, in words."""

from typing import overload

import numpy as np

from keras_segaug import checks
from keras_segaug.core import backend
from keras_segaug.core.parameters import counts_of, taken
from keras_segaug.core.types import Parameters


class Described:
    """Gives every layer `describe`."""

    @overload
    def describe(self, parameters: Parameters, sample: None = None) -> list[list[str]]: ...
    @overload
    def describe(self, parameters: Parameters, sample: int) -> list[str]: ...
    def describe(self, parameters, sample=None):
        """Says what was drawn: for each sample, one sentence for each layer.

        Each sentence of a `MultiView` begins with the view it is about.

        Args:
            parameters: what `draw_parameters` returned, or a call with `return_parameters=True`.
            sample: the number of one sample of the batch, from 0; None: all of them.

        Returns:
            A list of sentences; without `sample` a list of such lists, one for each sample.

        Example:

        >>> layer = keras_segaug.Pipeline([keras_segaug.JointRandomFlip("horizontal")])
        >>> parameters = layer.draw_parameters((1, 8, 8, 3), key=1)
        >>> layer.describe(parameters)
        [['JointRandomFlip: horizontal yes.']]
        >>> layer.describe(parameters, sample=0)
        ['JointRandomFlip: horizontal yes.']
        """
        parameters = taken(self, parameters)
        count = min(counts_of(parameters), default=0)
        if sample is None:
            return [self._said(parameters, number) for number in range(count)]
        if checks.natural_number(self, "sample", sample) >= count:
            checks.fail(self, "sample", f"below {count}, the number of samples", sample)
        return self._said(parameters, sample)

    def _said(self, parameters, number):
        return sentences(self, parameters, number)


def title(layer):
    """The name of a layer's class, and the layer's own name if it was given one."""
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
    """One sentence for each layer, for the sample of this number."""
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
