"""The layers that do what the old arguments asked for, in the order of the old class."""

import numpy as np

from keras_segaug.core.pipeline import Pipeline
from keras_segaug.image_only.normalization import ImageOnlyNormalization
from keras_segaug.image_only.rescaling import ImageOnlyRescaling
from keras_segaug.joint.flip import JointRandomFlip
from keras_segaug.migration.affine import LegacyAffine
from keras_segaug.migration.arguments import OWNER
from keras_segaug.migration.color import (
    LegacyBrightness,
    LegacyCentring,
    LegacyChannelShift,
    LegacyWhitening,
)
from keras_segaug.migration.python_step import LegacyPythonStep

# What the old class added to a deviation before it divided.
_EPSILON = 1e-6


def build_pipeline(images, masks, value_range, seed):
    shared = {"data_format": images["data_format"]}
    layers = [*_geometry(images, masks, shared), *_color(images, value_range, shared)]
    # A generator without arguments turns images into floats.
    layers = layers or [ImageOnlyRescaling(1.0, **shared)]
    python = images["preprocessing_function"] is not None
    return Pipeline(
        layers,
        seed=seed,
        dtype=images["dtype"],
        jit_compile=False if python else "auto",
        name="migrated",
        **shared,
    )


def mask_fill_value(masks):
    """The class of pixels from outside: `cval`, where it can be a class."""
    return int(masks["cval"]) if float(masks["cval"]).is_integer() else 0


def interpolation(images):
    return {0: "nearest", 1: "bilinear"}.get(images["interpolation_order"], "bicubic")


def _geometry(images, masks, shared):
    # With other fill modes the old class ignored `cval`; a layer would refuse it.
    fills = images["fill_mode"] == "constant"
    border = {
        "fill_mode": images["fill_mode"],
        "fill_value": images["cval"] if fills else 0.0,
        "mask_fill_value": mask_fill_value(masks) if fills else 0,
        "interpolation": interpolation(images),
    }
    ranges = ("rotation_range", "height_shift_range", "width_shift_range", "shear_range")
    if any(images.draws(name) for name in (*ranges, "zoom_range")):
        arguments = {name: images[name] for name in (*ranges, "zoom_range")}
        yield LegacyAffine(**arguments, **border, **shared)
    axes = [axis for axis in ("horizontal", "vertical") if images[f"{axis}_flip"]]
    if axes:
        # The mode for both axes also draws them independently, as the old class did.
        yield JointRandomFlip("_and_".join(axes), **border, **shared)


def _color(images, value_range, shared):
    if images["channel_shift_range"]:
        yield LegacyChannelShift(images["channel_shift_range"], **shared)
    if images["brightness_range"] is not None:
        yield LegacyBrightness(images["brightness_range"], value_range, **shared)
    if images["preprocessing_function"] is not None:
        yield LegacyPythonStep(images["preprocessing_function"], name="preprocessing", **shared)
    if images["rescale"]:
        yield ImageOnlyRescaling(images["rescale"], **shared)
    if images["samplewise_std_normalization"]:
        yield ImageOnlyNormalization(per_image=True, **shared)
    elif images["samplewise_center"]:
        yield LegacyCentring(**shared)
    if images["featurewise_center"]:
        yield _featurewise(images, shared)
    if images["zca_whitening"]:
        yield LegacyWhitening(images.whitening, **shared)


def _featurewise(images, shared):
    mean = _per_channel("mean", images.mean)
    deviation = [1.0 - _EPSILON] * len(mean)
    if images["featurewise_std_normalization"]:
        deviation = _per_channel("std", images.deviation)
    variance = [(number + _EPSILON) ** 2 for number in deviation]
    return ImageOnlyNormalization(mean, variance, **shared)


def _per_channel(name, statistic):
    values = np.asarray(statistic, "float64")
    if sum(size > 1 for size in values.shape) > 1:
        raise ValueError(
            f"{OWNER}: the generator's `{name}` must hold one number a channel, as its `fit` "
            f"computes it. Received shape {values.shape}."
        )
    return values.ravel().tolist()


def missing_statistics(images):
    """The arguments whose statistics are still missing."""
    needed = {
        "featurewise_center": images.mean,
        "featurewise_std_normalization": images.deviation,
        "zca_whitening": images.whitening,
    }
    return [name for name, value in needed.items() if images[name] and value is None]


def compute_statistics(images, batch):
    """Mean, deviation and whitening matrix of images (N, ...) after `rescale`."""
    axis = 1 if images["data_format"] == "channels_first" else -1
    batch = np.moveaxis(np.asarray(batch, "float64"), axis, -1)
    batch = batch * (images["rescale"] or 1.0)
    images.mean = batch.mean((0, 1, 2))
    images.deviation = batch.std((0, 1, 2))
    if images["zca_whitening"]:
        rows = (batch - images.mean).reshape(len(batch), -1)
        # Rotate to the principal axes, divide each by its deviation, and rotate back.
        _, values, axes = np.linalg.svd(rows, full_matrices=False)
        scale = np.sqrt(len(rows)) / (values + images["zca_epsilon"])
        images.whitening = (axes.T * scale) @ axes
