from typing import Any

from keras_segaug import checks
from keras_segaug.core import value_ranges
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range, ValueRange
from keras_segaug.engine.operations import Color
from keras_segaug.kernels import color

_STEPS = ("brightness", "contrast", "saturation", "hue")


class ImageOnlyColorJitter(ImageOnlyLayer):
    """Brightness, contrast, saturation and hue in one layer, in this order; the mask is untouched.

    Args:
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        brightness_factor: as `ImageOnlyBrightness`; None leaves it out.
        contrast_factor: as `ImageOnlyContrast`, about the mean after the change of brightness; None
            leaves it out.
        saturation_factor: as `ImageOnlySaturation` (0.5 changes nothing); None leaves it out.
        hue_factor: as `ImageOnlyHue`; None leaves it out.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> jitter = keras_segaug.ImageOnlyColorJitter(brightness_factor=0.2, hue_factor=0.05)
    >>> images, masks = jitter(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    def __init__(
        self,
        value_range: ValueRange = None,
        brightness_factor: Range | None = None,
        contrast_factor: Range | None = None,
        saturation_factor: Range | None = None,
        hue_factor: Range | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, **kwargs)

        def optional(check, argument, value):
            return None if value is None else check(self, argument, value)

        self.brightness_factor = optional(
            checks.signed_range, "brightness_factor", brightness_factor
        )
        self.contrast_factor = optional(checks.contrast_range, "contrast_factor", contrast_factor)
        self.saturation_factor = optional(
            checks.unsigned_range, "saturation_factor", saturation_factor
        )
        self.hue_factor = optional(checks.unsigned_range, "hue_factor", hue_factor)

    def draw(self, draws):
        drawn = {}
        if self.brightness_factor is not None:
            drawn["brightness"] = draws.uniform(*self.brightness_factor)
        if self.contrast_factor is not None:
            lower, upper = self.contrast_factor
            drawn["contrast"] = draws.uniform(1.0 - lower, 1.0 + upper)
        if self.saturation_factor is not None:
            drawn["saturation"] = draws.uniform(*self.saturation_factor)
        if self.hue_factor is not None:
            drawn["hue"] = 0.5 * draws.uniform(*self.hue_factor) * draws.sign()
        return drawn

    def plan(self, parameters, spec):
        if parameters is None:
            return []
        value_range = value_ranges.needed(self, spec.value_range)
        known = {"gaps": spec.gaps, "value_range": value_range}
        steps = [name for name in _STEPS if name in parameters]
        return [
            Color(
                reach="pixels",
                function=getattr(self, f"_{name}"),
                parameters={"amount": parameters[name], **known},
                statistics="mean" if name == "contrast" else None,
            )
            for name in steps
        ]

    def _brightness(self, channels, parameters):
        amount, value_range = parameters["amount"], parameters["value_range"]
        return [color.adjust_brightness(each, amount, value_range) for each in channels]

    def _contrast(self, channels, parameters):
        amount, value_range = parameters["amount"], parameters["value_range"]
        pairs = zip(channels, parameters["mean"], strict=True)
        return [color.adjust_contrast(each, amount, mean, value_range) for each, mean in pairs]

    def _saturation(self, channels, parameters):
        checks.three_channels(self, channels)
        multiplier = color.saturation_multiplier(parameters["amount"])
        value_range, gaps = parameters["value_range"], parameters["gaps"]
        return color.adjust_saturation(channels, multiplier, value_range, gaps)

    def _hue(self, channels, parameters):
        checks.three_channels(self, channels)
        value_range, gaps = parameters["value_range"], parameters["gaps"]
        return color.adjust_hue(channels, parameters["amount"], value_range, gaps)
