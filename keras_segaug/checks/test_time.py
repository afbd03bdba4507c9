"""Checks of what `TestTimeAugmentation` is given: its model, its arguments, images, and maps."""

from collections.abc import Mapping

import keras

from keras_segaug import checks
from keras_segaug.checks import branches
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.tensor_layout import differ, shape_of

_MAPS = "maps of class scores, floats (batch, height, width, classes), of the size of its images"


def model(owner, value):
    """Raises for what is not a model that predicts."""
    accepted = "a Keras model or layer that takes images and gives class scores"
    if isinstance(value, AugmentationLayer):
        accepted += "; the layers of its views go into `views`"
    elif not isinstance(value, keras.layers.Layer):
        pass
    elif isinstance(shapes_of(value, "input"), (list, dict)):
        accepted += ". Received one of several inputs: make it one of its images alone"
    else:
        return value
    return checks.fail(owner, "model", accepted, value)


def tile(owner, value):
    """(height, width) of a window, or None."""
    if value is None:
        return None
    accepted = "None, or the pair (height, width) of a window, integers of at least 1"
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        checks.fail(owner, "tile", accepted, value)
    return tuple(checks.positive_integer(owner, "tile", n) for n in value)


def overlap(owner, value):
    """A share of less than 1."""
    if not checks.is_number(value) or not 0.0 <= value < 1.0:
        checks.fail(owner, "overlap", "a number in [0, 1)", value)
    return float(value)


def logits_said(owner):
    """Raises where it must be known whether the model gives logits, and `logits` is None."""
    if owner.logits is not None:
        return
    asks = "`uncertainty`=True" if owner.uncertainty else f"`merge`={owner.merge!r}"
    outputs = [x for x in keras.tree.flatten(outputs_of(owner)) if x is not None]
    one = any(_channels(owner, each) == 1 for each in outputs)
    if owner.uncertainty or owner.merge == "geometric_mean" or (owner.merge == "vote" and one):
        raise ValueError(
            f"{checks.name_of(owner)}: `logits` must be True or False for {asks}, which is about "
            "probabilities. Received: logits=None. Write logits=True where the model gives logits "
            "(its last layer has no activation), logits=False where it gives probabilities."
        )


def outputs_of(owner):
    """The `KerasTensor`s that the model gives; None where that is not known yet."""
    try:
        return owner.model.output
    except (AttributeError, ValueError):
        return None


def shapes_of(model, end):
    """The shape of what a model takes ("input") or gives ("output"), None where it does not say."""
    try:
        found = getattr(model, f"{end}_shape")
    except (AttributeError, ValueError):
        return None
    single = found is not None and all(n is None or isinstance(n, int) for n in found)
    return tuple(found) if single and not isinstance(found, dict) else found


def fits(owner, shape, views):
    """Raises where the model is made for another size, or gives no maps. `shape`: channels last."""
    outputs = outputs_of(owner)
    if outputs is not None:
        maps(owner, outputs, shape)
    size = None if shape is None or len(shape) != 4 else shape[1:3]
    if size is None or None in size:
        return
    height, width = size
    if owner.tile is not None and owner.tile != size:
        accepted = f"None or {(height, width)}, the size of the images that the model takes"
        checks.fail(owner, "tile", accepted, owner.tile)
    for view in views:
        [layer] = view.path.layers
        given = branches.size_given(layer)
        if given not in ("kept", None, size):
            raise ValueError(
                f"{checks.name_of(owner)}: `views` must show images of {height} x {width} (height "
                f"x width), the only ones that the model takes. Received a "
                f"{type(layer).__name__} that gives {given[0]} x {given[1]}. End it with "
                f"JointResizing({height}, {width}), or make a model of Input((None, None, ...))."
            )


def no_training(owner, method):
    """Raises: there is nothing to train here."""
    raise ValueError(
        f"{checks.name_of(owner)}: `{method}` has nothing to train: it only predicts, and the "
        f"model in it always infers (`training=False`). Train that one: `.model.{method}(...)`."
    )


def images(owner, value):
    """Raises for what is not a batch of images."""
    accepted = "one batch of images, (batch, height, width, channels) or channels first"
    if isinstance(value, (Mapping, tuple, list)):
        kind = type(value).__name__
        checks.fail(owner, "images", f"{accepted}, and no masks", f"a {kind} of {len(value)}")
    shape = shape_of(value)
    if shape is None or len(shape) != 4:
        cure = ". One image is images[None]" if shape is not None and len(shape) == 3 else ""
        checks.fail(owner, "images", f"{accepted}{cure}", f"shape {shape}")
    if _channels(owner, value) is None:
        checks.fail(owner, "images", f"{accepted}, with a known number of channels", f"{shape}")


def shape_of_images(owner, shape):
    """As `images`, for what Keras says of them before a model is built."""
    single = all(n is None or isinstance(n, int) for n in shape)
    images(owner, keras.KerasTensor(shape) if single else shape)


def maps(owner, outputs, shape):
    """Raises for outputs that are not maps of the size of the images; `shape`: channels last."""
    flat = keras.tree.flatten(outputs)
    for number, each in enumerate(flat):
        found, dtype = shape_of(each), keras.backend.standardize_dtype(each.dtype)
        which = f" number {number}" if len(flat) > 1 else ""
        cure = "Let it end in one channel a class"
        if found is not None and len(found) == 4 and "float" in dtype:
            size = found[1:3] if owner.data_format == "channels_last" else found[2:4]
            if _channels(owner, each) is not None and not (shape and differ(size, shape[1:3])):
                continue
            cure = "Enlarge it with UpSampling2D or Resizing"
        if len(flat) > 1:
            cure += ", or give `keras.Model(model.inputs, model.outputs[0])`, the output to merge"
        raise ValueError(
            f"{checks.name_of(owner)}: `model` must give {_MAPS}. Received an output{which} of "
            f"shape {found}, {dtype}, for images of shape {shape} (channels last). {cure}."
        )
    return outputs


def _channels(owner, tensor):
    return tensor.shape[-1 if owner.data_format == "channels_last" else 1]
