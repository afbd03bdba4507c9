from keras_segaug import checks
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.kernels import color


class ImageOnlyColorJitter(ImageOnlyLayer):
    """Brightness, contrast, saturation and hue in one layer, in this order; the mask is untouched.

    Args:
        value_range: the (lowest, highest) value of images; results are clipped to it. None:
            see `ImageOnlyLayer`.
        brightness_factor: as `ImageOnlyBrightness`; None leaves it out.
        contrast_factor: as `ImageOnlyContrast`; None leaves it out.
        saturation_factor: as `ImageOnlySaturation` (0.5 changes nothing); None leaves it out.
        hue_factor: as `ImageOnlyHue`; None leaves it out.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> jitter = keras_segaug.ImageOnlyColorJitter(brightness_factor=0.2, hue_factor=0.05)
    >>> images, masks = jitter(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> keras.backend.standardize_dtype(images.dtype)
    'float32'
    """

    looks_around = True

    def __init__(
        self,
        value_range=None,
        brightness_factor=None,
        contrast_factor=None,
        saturation_factor=None,
        hue_factor=None,
        **kwargs,
    ):
        super().__init__(**kwargs)

        def optional(check, argument, value):
            return None if value is None else check(self, argument, value)

        self.value_range = checks.optional_value_range(self, value_range)
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

    def transform_channels(self, channels, parameters):
        value_range = parameters["value_range"]
        if {"saturation", "hue"} & set(parameters):
            checks.three_channels(self, channels)
        if "brightness" in parameters:
            delta = parameters["brightness"]
            channels = [color.adjust_brightness(each, delta, value_range) for each in channels]
        if "contrast" in parameters:
            how = parameters["contrast"], value_range, parameters["gaps"]
            channels = [color.adjust_contrast(each, *how) for each in channels]
        if "saturation" in parameters:
            multiplier = color.saturation_multiplier(parameters["saturation"])
            channels = color.adjust_saturation(channels, multiplier, value_range)
        if "hue" in parameters:
            channels = color.adjust_hue(channels, parameters["hue"], value_range)
        return channels
