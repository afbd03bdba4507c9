"""The base of policies."""

import inspect
from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.checks import borders, classes
from keras_segaug.core import variates
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.turns import Turns
from keras_segaug.core.types import ClassSwap, ValueRange
from keras_segaug.joint.flip import JointRandomFlip
from keras_segaug.policies import candidates

# Arguments that are passed to the layers of the standard list; custom layers have their own.
_OF_LAYERS = ("flip", "class_swap", *borders.SETTINGS)


class Policy(Turns, abstract=True):
    """Applies a few of many layers to each sample, at the cost of those few.

    Layers that move pixels come first, as one lookup, then the color layers in the drawn order.
    8-bit images stay 8-bit from one color layer to the next, as in Pillow, so that a layer that
    changes equal values alike is a table of 256 entries; of the other layers, only those drawn are
    computed.

    Args:
        magnitude: in [0, 1], the widest range of each layer of the standard list; at 0 only the
            layers without a strength (`ImageOnlyAutoContrast`, `ImageOnlyEqualize`) change
            anything. Each layer draws uniformly within its range, to both sides where there are
            two.
        layers: the layers to choose among instead of the standard list, which is then not made:
            `magnitude` and `rgb` have no meaning, and the arguments below `rgb` raise where none of
            the layers has them. No sample gets the same layer twice. All layers must keep the size
            and the mask's channels.
        value_range: the (lowest, highest) value of images, also for `layers` that have none of
            their own. None: see `ImageOnlyLayer`.
        rgb: False leaves out the layers that need images of three channels (`ImageOnlySaturation`).
        flip: "horizontal", "vertical" or "horizontal_and_vertical" adds a `JointRandomFlip`; None:
            no layer mirrors.
        class_swap: classes that change places in mirrored samples, see `JointRandomFlip`.
        fill_mode: of the layers that move pixels, like `fill_value`, `mask_fill_value`,
            `interpolation`: see `JointLayer`.
        fill_value: see `JointLayer`.
        mask_fill_value: see `JointLayer`.
        interpolation: see `JointLayer`.
        **kwargs: see `AugmentationLayer`.
    """

    _colors_last = True
    _rounds = True

    def __init__(
        self,
        magnitude: float = 0.5,
        layers: Sequence[AugmentationLayer] | None = None,
        value_range: ValueRange = None,
        rgb: bool = True,
        flip: str | None = None,
        class_swap: ClassSwap | None = None,
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        mask_fill_value: int = 0,
        interpolation: str = "bilinear",
        **kwargs: Any,
    ) -> None:
        name = type(self).__name__
        magnitude = checks.number(name, "magnitude", magnitude, 0.0, 1.0)
        checks.one_of(name, "rgb", rgb, (True, False))
        if class_swap is not None and flip is None and layers is None:
            accepted = 'None where nothing mirrors; give flip="horizontal" with it'
            checks.fail(name, "class_swap", accepted, class_swap)
        border = borders.border(name, fill_mode, fill_value, mask_fill_value, interpolation)
        if layers is None:
            settings = dict(zip(borders.SETTINGS, border, strict=True))
            layers = candidates.joint(magnitude, value_range, rgb, flip, class_swap, **settings)
        super().__init__(layers, value_range=value_range, **kwargs)
        self.magnitude = magnitude
        self.rgb, self.flip = rgb, flip
        # Pairs: JSON has no mapping from numbers.
        self.class_swap = classes.class_swap(self, class_swap)
        self.fill_mode, self.fill_value, self.mask_fill_value, self.interpolation = border
        self._refuse_idle()

    def _refuse_idle(self):
        """Refuses an argument that none of the given `layers` has: it would have no effect."""
        nodes = [node for layer in self.layers for node in layer._nodes()]
        usual = inspect.signature(Policy.__init__).parameters
        for argument in _OF_LAYERS:
            value = getattr(self, argument)
            if value == usual[argument].default or any(
                _does(node, argument, value) for node in nodes
            ):
                continue
            own = "mode" if argument == "flip" else argument
            accepted = f"left out beside `layers`, of which none has it as its `{own}`"
            checks.fail(self, argument, f"{accepted}; give it to a layer among them", value)

    def _drawn_turns(self, draws, count):
        return {"turns": variates.order(draws.uniform, (1.0,) * len(self.layers), count)}


def _does(layer, argument, value):
    """Does a layer do what this argument of a policy says?"""
    if argument == "flip":
        return isinstance(layer, JointRandomFlip) and layer.mode == value
    held = getattr(layer, argument, None)
    return held == value or (checks.is_nan(held) and checks.is_nan(value))
