"""Reads the arguments of an `ImageDataGenerator`, from a dict or from the generator itself."""

import math
import numbers
from collections.abc import Mapping

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.migration.affine import shift_range

OWNER = "from_image_data_generator"

DEFAULTS = {
    "featurewise_center": False,
    "samplewise_center": False,
    "featurewise_std_normalization": False,
    "samplewise_std_normalization": False,
    "zca_whitening": False,
    "zca_epsilon": 1e-6,
    "rotation_range": 0,
    "width_shift_range": 0.0,
    "height_shift_range": 0.0,
    "brightness_range": None,
    "shear_range": 0.0,
    "zoom_range": 0.0,
    "channel_shift_range": 0.0,
    "fill_mode": "nearest",
    "cval": 0.0,
    "horizontal_flip": False,
    "vertical_flip": False,
    "rescale": None,
    "preprocessing_function": None,
    "data_format": None,
    "validation_split": 0.0,
    "interpolation_order": 1,
    "dtype": None,
}
# The arguments that move pixels, in the order in which the old class drew.
GEOMETRY = (
    "rotation_range",
    "height_shift_range",
    "width_shift_range",
    "shear_range",
    "zoom_range",
    "horizontal_flip",
    "vertical_flip",
)
_FLAGS = (
    "featurewise_center",
    "samplewise_center",
    "featurewise_std_normalization",
    "samplewise_std_normalization",
    "zca_whitening",
    "horizontal_flip",
    "vertical_flip",
)


class Arguments:
    """One generator's arguments: checked, normalized, with the statistics from its `fit`.

    Args:
        role: "image_arguments" or "mask_arguments", for messages.
        source: a dict, a generator, or an iterator made by its `flow_from_directory`.
    """

    def __init__(self, role, source):
        self.role = role
        self.flow = _flow_of(source)
        generator = getattr(source, "image_data_generator", source)
        self.mean = self.deviation = self.whitening = None
        if isinstance(generator, Mapping):
            self.given = dict(generator)
        elif hasattr(generator, "get_random_transform"):
            self.given = _read(generator)
            self.mean, self.deviation = generator.mean, generator.std
            self.whitening = getattr(generator, "zca_whitening_matrix", None)
            if self.whitening is None:  # its name in Keras-Preprocessing
                self.whitening = getattr(generator, "principal_components", None)
        else:
            checks.fail(
                OWNER, role, "a dict of arguments or an ImageDataGenerator", source, TypeError
            )
        for name in self.given:
            if name not in DEFAULTS:
                checks.fail(OWNER, role, f"arguments among {', '.join(DEFAULTS)}", name)
        self.values = {**DEFAULTS, **self.given}
        self._check()

    def __getitem__(self, name):
        return self.values[name]

    @property
    def changed(self):
        """The arguments that are not at their defaults."""
        return {
            name: value for name, value in self.values.items() if not _same(value, DEFAULTS[name])
        }

    def draws(self, name):
        """How many numbers the old class drew for an argument, for each sample."""
        value = self[name]
        if name == "zoom_range":
            return 0 if tuple(value) == (1.0, 1.0) else 2
        if name in ("height_shift_range", "width_shift_range"):
            return 0 if value in (0, 0.0) else 1 if isinstance(value, float) else 2
        if name == "brightness_range":
            return int(value is not None)
        return int(bool(value))

    def _check(self):
        values, owner = self.values, f"{OWNER}: {self.role}"
        for name in _FLAGS:
            if not isinstance(values[name], (bool, np.bool_, int)):
                checks.fail(owner, name, "True or False", values[name])
            values[name] = bool(values[name])
        for name in ("rotation_range", "shear_range", "channel_shift_range", "cval"):
            checks.number(owner, name, values[name])
        checks.number(owner, "zca_epsilon", values["zca_epsilon"], 0.0)
        for name in ("height_shift_range", "width_shift_range"):
            values[name] = shift_range(owner, name, values[name])
        zoom = values["zoom_range"]
        zoom = (1.0 - zoom, 1.0 + zoom) if checks.is_number(zoom) else zoom
        values["zoom_range"] = _ordered(owner, "zoom_range", zoom, -math.inf)
        if values["brightness_range"] is not None:
            values["brightness_range"] = _ordered(
                owner, "brightness_range", values["brightness_range"], 0.0
            )
        checks.one_of(owner, "fill_mode", values["fill_mode"], checks.FILL_MODES)
        checks.one_of(owner, "interpolation_order", values["interpolation_order"], tuple(range(6)))
        if values["rescale"] is not None:
            values["rescale"] = checks.number(owner, "rescale", values["rescale"])
        function = values["preprocessing_function"]
        if function is not None and not callable(function):
            checks.fail(owner, "preprocessing_function", "None or a function", function, TypeError)
        formats = (None, "channels_last", "channels_first")
        checks.one_of(owner, "data_format", values["data_format"], formats)
        checks.number(owner, "validation_split", values["validation_split"] or 0.0, 0.0, 1.0)
        self._force()

    def _force(self):
        """Switches on and off what the old class switched by itself, with a warning."""
        values = self.values
        if values["zca_whitening"]:
            values.update(featurewise_center=True, featurewise_std_normalization=False)
        for kind in ("featurewise", "samplewise"):
            if values[f"{kind}_std_normalization"]:
                values[f"{kind}_center"] = True


def _read(generator):
    given = {}
    for name, default in DEFAULTS.items():
        attribute = "_validation_split" if name == "validation_split" else name
        given[name] = getattr(generator, attribute, default)
    # A generator fills in Keras' settings where nothing is given.
    for name, setting in (
        ("data_format", keras.config.image_data_format()),
        ("dtype", keras.config.floatx()),
    ):
        given[name] = None if given[name] == setting else given[name]
    return given


def _flow_of(source):
    """The arguments of `flow_from_directory`, by name, read from the iterator it returned."""
    if not hasattr(source, "image_data_generator") or not hasattr(source, "directory"):
        return None
    names = ["directory", "target_size", "color_mode", "batch_size", "shuffle", "seed"]
    names += ["subset", "interpolation"]
    return {name: getattr(source, name) for name in names if hasattr(source, name)}


def _ordered(owner, name, value, low):
    """A pair in ascending order: to a uniform draw the order makes no difference."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, (tuple, list)) and all(map(checks.is_number, value)):
        value = sorted(value)
    return checks.bounds(owner, name, value, low, math.inf)


def _same(value, default):
    if callable(value) or isinstance(value, (str, tuple)):
        return value == default or (default == 0.0 and value == (1.0, 1.0))
    return value is default or (isinstance(value, numbers.Number) and value == default)
