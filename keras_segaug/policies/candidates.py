"""The layers that policies choose among."""

from typing import Any

from keras_segaug.core.identity import Identity
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.types import ClassSwap, ValueRange
from keras_segaug.image_only.auto_contrast import ImageOnlyAutoContrast
from keras_segaug.image_only.brightness import ImageOnlyBrightness
from keras_segaug.image_only.contrast import ImageOnlyContrast
from keras_segaug.image_only.equalize import ImageOnlyEqualize
from keras_segaug.image_only.posterize import ImageOnlyPosterize
from keras_segaug.image_only.saturation import ImageOnlySaturation
from keras_segaug.image_only.sharpness import ImageOnlySharpness
from keras_segaug.image_only.solarize import ImageOnlySolarize
from keras_segaug.joint.flip import JointRandomFlip
from keras_segaug.joint.rotation import JointRandomRotation
from keras_segaug.joint.shear import JointRandomShear
from keras_segaug.joint.translation import JointRandomTranslation

# At magnitude 1: the widest range of TrivialAugment's table 2, and of torchvision, with the
# translations as shares of the size (32 of 224 pixels in RandAugment, 32 of 32 in TrivialAugment).
_SHEAR, _TRANSLATION, _TURN = 0.3, 0.45, 30.0 / 360.0
_ENHANCEMENT, _LEAST_BITS = 0.9, 4


def joint(
    magnitude: float,
    value_range: ValueRange,
    rgb: bool,
    flip: str | None,
    class_swap: ClassSwap | None,
    **border: Any,
) -> list[AugmentationLayer]:
    """RandAugment's layers, up to a magnitude in [0, 1]: 14, 13 without `rgb`, 1 more to flip."""
    shear, translation = _SHEAR * magnitude, _TRANSLATION * magnitude
    flips = [] if flip is None else [JointRandomFlip(flip, class_swap=class_swap)]
    return [
        Identity(),
        JointRandomShear(x_factor=shear, **border),
        JointRandomShear(y_factor=shear, **border),
        JointRandomTranslation(height_factor=translation, width_factor=0.0, **border),
        JointRandomTranslation(height_factor=0.0, width_factor=translation, **border),
        JointRandomRotation(_TURN * magnitude, **border),
        *flips,
        *enhancements(magnitude, value_range, rgb),
        *levels(magnitude, value_range),
    ]


def enhancements(magnitude: float, value_range: ValueRange, rgb: bool) -> list[AugmentationLayer]:
    """Layers that make colors or edges stronger or weaker."""
    known: dict = {"value_range": value_range}
    # The range of factors; 1 changes nothing.
    low, high = 1.0 - _ENHANCEMENT * magnitude, 1.0 + _ENHANCEMENT * magnitude
    saturation = (low / (1.0 + low), high / (1.0 + high))
    return [
        ImageOnlyBrightness(high - 1.0, mode="multiplicative", **known),
        ImageOnlyContrast(high - 1.0, **known),
        ImageOnlySharpness((0.5 * low, 0.5 * high), **known),
        *([ImageOnlySaturation(saturation, **known)] if rgb else []),
    ]


def levels(magnitude: float, value_range: ValueRange) -> list[AugmentationLayer]:
    """Layers that change colors by their level, or by how frequent that level is."""
    known: dict = {"value_range": value_range}
    return [
        ImageOnlyPosterize((8 - round((8 - _LEAST_BITS) * magnitude), 8), **known),
        ImageOnlySolarize(threshold_factor=(1.0 - magnitude, 1.0), **known),
        ImageOnlyAutoContrast(**known),
        ImageOnlyEqualize(**known),
    ]
