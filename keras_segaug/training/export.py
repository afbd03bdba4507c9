"""Writes augmentations and models as SavedModels, which run without this package."""

import functools
import os
from pathlib import Path
from typing import Any

import keras

from keras_segaug import checks
from keras_segaug.checks.views import one_result
from keras_segaug.core import backend
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.files import written_in_full

_OWNER, _EXPORT = "export_augmentation", "export"


def export_augmentation(
    augmentation: AugmentationLayer, path: str | os.PathLike[str], image: Any, mask: Any
) -> None:
    """Writes a layer as a SavedModel, for programs that have TensorFlow and nothing else.

    `tf.saved_model.load(path).augment(images, masks, seed)` takes batches of any number of pairs,
    of the shapes and dtypes given here, and an int32 seed, and returns `(images, masks)`: what
    `augmentation.augment((images, masks), key=seed)` returns, so one seed gives one result (float
    images may differ in their last digits if height and width are None here). It also runs in
    `dataset.map`, with a seed that is part of the dataset. The layer's own random stream is not
    used. Arguments that a schedule moves keep their present value.

    Args:
        augmentation: a layer of keras_segaug, such as a `Pipeline`.
        path: the folder to write. An existing SavedModel is replaced, but nothing else is.
        image: one image, an array or tensor (H, W, C) whose values do not matter, or its shape, for
            uint8. Height and width may be None in a `keras.KerasTensor` or a shape.
        mask: one mask, in the same way: (H, W), (H, W, 1) or (H, W, K).

    Raises:
        ValueError: where Keras does not run on TensorFlow, for anything but a layer of this
            package, for a path where something other than a SavedModel exists, for images and masks
            that the layer does not take.
        OSError: where the folder cannot be written, as on a full disk.

    Example:

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "augmentation"
    >>> flip = keras_segaug.JointRandomFlip("horizontal")
    >>> if keras.backend.backend() == "tensorflow":
    ...     keras_segaug.export_augmentation(flip, path, image=(8, 8, 3), mask=(8, 8))
    """
    path = _checked(_OWNER, augmentation, path)
    specs = _spec(_OWNER, "image", image), _spec(_OWNER, "mask", mask)
    module = _augmenting(augmentation, *specs)
    _write(_OWNER, module, path, {"augment": module.named})


def export(
    model: Any,
    path: str | os.PathLike[str],
    augmentation: AugmentationLayer,
    image: Any = None,
    mask: Any = None,
) -> None:
    """Writes a model as a SavedModel that predicts, together with its training augmentation.

    The signature "serve" (and "serving_default") takes images as the model does, and never
    augments; "augment" takes images, masks and a seed, as in `export_augmentation`. So the file
    records the augmentation that the model was trained with.

    Args:
        model: a built Keras model of one input, such as the `model` of an `AugmentedModel`.
        path: the folder to write. An existing SavedModel is replaced, but nothing else is.
        augmentation: a layer of keras_segaug, such as a `Pipeline`.
        image: an image to augment, as in `export_augmentation`; None: uint8, of the shape that the
            model takes.
        mask: likewise; None: uint8, with the image's (H, W).

    Raises:
        ValueError: as `export_augmentation`, and for a model that does not say what it takes.
        OSError: as `export_augmentation`.

    Example:

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model"
    >>> network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 1)])
    >>> if keras.backend.backend() == "tensorflow":
    ...     keras_segaug.export(network, path, keras_segaug.JointRandomFlip("horizontal"))
    """
    path = _checked(_EXPORT, augmentation, path)
    shape = _input_of(model)
    sizes = shape[1:3] if augmentation.data_format == "channels_last" else shape[2:4]
    specs = (
        _spec(_EXPORT, "image", shape[1:] if image is None else image),
        _spec(_EXPORT, "mask", sizes if mask is None else mask),
    )
    module = _augmenting(augmentation, *specs)
    module.serve = _serving(model, shape)
    # A SavedModel saves only the weights that it knows of.
    module.weights = [variable.value for variable in model.variables]
    names = {"serve": module.serve, "serving_default": module.serve}
    _write(_EXPORT, module, path, {**names, "augment": module.named})


def _input_of(model):
    """The shape that a model takes, with its batch axis."""
    shape = getattr(model, "input_shape", None) if isinstance(model, keras.Model) else None
    if not isinstance(shape, tuple) or len(shape) != 4:
        accepted = "a built Keras model of one input (B, H, W, C), in any data format"
        checks.fail(_EXPORT, "model", accepted, model)
    return shape


def _serving(model, shape):
    import tensorflow as tf

    images = tf.TensorSpec([None, *shape[1:]], "float32", name="images")
    call = functools.partial(model, training=False)
    return tf.function(lambda images: call(images), input_signature=[images], autograph=False)


def _checked(owner, augmentation, path):
    """The path, if a SavedModel of this layer can be written there."""
    if not isinstance(augmentation, AugmentationLayer):
        checks.fail(owner, "augmentation", "a layer of keras_segaug", augmentation)
    one_result(owner, augmentation)
    if not backend.runs_on("tensorflow"):
        raise ValueError(
            f"{owner}: a SavedModel is made by TensorFlow. Received: Keras on another backend. "
            "Load the layer (`to_json`) where KERAS_BACKEND=tensorflow, and export it there."
        )
    path = Path(path)
    taken = path.exists() and not (path / "saved_model.pb").is_file()
    if taken and not (path.is_dir() and not any(path.iterdir())):
        checks.fail(owner, "path", "a new folder, an empty one, or a SavedModel", str(path))
    return path


def _spec(owner, argument, value):
    import tensorflow as tf

    shape, dtype = getattr(value, "shape", value), getattr(value, "dtype", "uint8")
    try:
        shape = [None if n is None else int(n) for n in shape]
    except TypeError:
        shape = []
    if len(shape) not in ((3,) if argument == "image" else (2, 3)):
        axes = "(H, W, C)" if argument == "image" else "(H, W) or (H, W, K)"
        checks.fail(owner, argument, f"one {argument} {axes}, or its shape", value)
    return tf.TensorSpec([None, *shape], getattr(dtype, "name", str(dtype)), name=f"{argument}s")


def _augmenting(augmentation, images, masks):
    import tensorflow as tf

    seed = tf.TensorSpec([], "int32", name="seed")

    def augment(images, masks, seed):
        key = tf.stack([tf.bitcast(seed, tf.uint32), tf.constant(0, tf.uint32)])
        return augmentation.augment((images, masks), key)

    module = tf.Module()
    module.augment = tf.function(augment, input_signature=[images, masks, seed], autograph=False)
    # Arguments that a schedule moves are variables; a SavedModel saves only those it knows of.
    module.moving = [
        moving.variable.value for node in augmentation._nodes() for moving in node._moving.values()
    ]

    @tf.function(input_signature=[images, masks, seed], autograph=False)
    def named(images, masks, seed):
        images, masks = module.augment(images, masks, seed)
        return {"images": images, "masks": masks}

    module.named = named
    return module


def _write(owner, module, path, signatures):
    """Writes the folder in full or not at all."""
    import tensorflow as tf

    with written_in_full(owner, path) as beside:
        try:
            tf.saved_model.save(module, str(beside), signatures=signatures)
        except tf.errors.OpError as error:
            # What TensorFlow makes of a full disk is no OSError.
            raise OSError(error.message) from error
