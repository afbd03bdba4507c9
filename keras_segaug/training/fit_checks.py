"""Checks, before the first step, that augmentation, model and data fit each other."""

import contextlib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.core import training_backend, value_ranges
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.layer_types import ImageOnlyLayer, MaskOnlyLayer
from keras_segaug.engine.spec import Spec
from keras_segaug.training.weights import size_of

# The number of samples of arrays that are checked before `fit` begins.
_LOOKED_AT = 32


def check_model(owner, model):
    if not isinstance(model, keras.Model):
        checks.fail(owner, "model", "a keras.Model", model)
    if isinstance(model, type(owner)):
        raise ValueError(
            f"{checks.name_of(owner)}: `model` must be a model without augmentation, since only "
            f"the outer one would act. Received: a {type(model).__name__}. Give its `.model`, and "
            "one Pipeline of both augmentations."
        )
    if getattr(model, "preprocessor", None) is not None:
        raise ValueError(
            f"{checks.name_of(owner)}: `model` must have no preprocessor, which only its own `fit` "
            f"and `predict` would run. Received: a {type(model).__name__} with a "
            f"{type(model.preprocessor).__name__}. Take `dataset.map(model.preprocessor)`, and set "
            "`model.preprocessor = None`."
        )


def check_augmentation(owner, augmentation):
    """Raises for anything but an augmentation, or if training would differ from prediction."""
    if not isinstance(augmentation, AugmentationLayer) or augmentation._gives_views:
        accepted = "a keras_segaug layer that gives one result, such as Pipeline([...])"
        checks.fail(owner, "augmentation", accepted, augmentation)
    for leaf, _ in augmentation._leaves(Spec((None, None), value_ranges.ANY)):
        if leaf.random or not isinstance(leaf, (ImageOnlyLayer, MaskOnlyLayer)):
            continue
        what, cure = "masks", "Give what it does as `mask_transform`, which `evaluate` runs, too."
        if isinstance(leaf, ImageOnlyLayer):
            what, cure = "images", "Make it the first layer of the model."
        raise ValueError(
            f"{checks.name_of(owner)}: `augmentation` must hold only what is for training. "
            f"Received: a {type(leaf).__name__}, which is not random: {what} would be other ones "
            f"in training than in `evaluate` and `predict`. {cure}"
        )


def check_mask_transform(owner, mask_transform):
    if mask_transform is not None and (
        not callable(mask_transform) or isinstance(mask_transform, AugmentationLayer)
    ):
        accepted = (
            "None, or a function or Keras layer from masks to targets (a layer of keras_segaug "
            "would take the masks for images)"
        )
        checks.fail(owner, "mask_transform", accepted, mask_transform)


def check_arrays(owner, x, y):
    """Raises for text, Python numbers, and arrays of Python objects, in what `fit` is given."""
    for leaf in keras.tree.flatten((x, y)):
        kind = getattr(getattr(leaf, "dtype", None), "kind", "")
        if isinstance(leaf, (str, bytes, int, float)) or kind in ("U", "S", "O"):
            what = "arrays of one size each" if kind == "O" else "numbers"
            what = "arrays" if isinstance(leaf, (int, float)) else what
            raise ValueError(
                f"{checks.name_of(owner)}: images and masks must be {what}. Received: "
                f"{checks.shown(leaf, 80)}. A mask holds class ids: make ids of names, and arrays "
                "of lists with `np.stack`, before `fit`."
            )
    named = owner.augmentation.targets or {}
    extra = range(3, 2 + len(x)) if isinstance(x, (list, tuple)) and y is not None else ()
    if any(str(place) not in named for place in extra):
        raise ValueError(
            f"{checks.name_of(owner)}: the images must be one array of a batch, or the first of "
            "the model's inputs, of which `targets` of the augmentation names the others, counted "
            f"from 3. Received: a {type(x).__name__} of {len(x)}. Make one array of images with "
            '`np.stack(images)`, or name the inputs, such as `targets={3: "continuous"}`.'
        )


def next_of(data):
    """The next (images, masks) of a generator or the like; (None, None) for anything else.

    Nothing else reads from it any more.
    """
    found: Any = ()
    with contextlib.suppress(Exception):
        if isinstance(data, keras.utils.PyDataset):
            found = data[0]
        elif hasattr(data, "__next__"):
            found = next(data, ())
    return (*found, None, None)[:2] if isinstance(found, (tuple, list)) else (found, None)


def are_arrays(data):
    """Is this a structure of arrays, and not a dataset, a generator or the like?"""
    leaves = [leaf for leaf in keras.tree.flatten(data) if leaf is not None]
    seen = (isinstance(leaf, np.ndarray) or keras.ops.is_tensor(leaf) for leaf in leaves)
    return bool(leaves) and all(seen) and all(len(leaf.shape) for leaf in leaves)


def first_samples(data):
    """The first samples of arrays; anything else as it is."""
    if not are_arrays(data):
        return data
    return keras.tree.map_structure(lambda leaf: leaf if leaf is None else leaf[:_LOOKED_AT], data)


def check_weights_of(owner, augmentation):
    if augmentation.trainable_variables:
        names = [variable.path for variable in augmentation.trainable_variables]
        raise ValueError(
            f"{checks.name_of(owner)}: the augmentation must have no trainable weights, which no "
            f"gradient reaches. Received: {checks.shown(names)}. Set their layer's `trainable` to "
            "False."
        )


def check_input(owner, came, made):
    """Raises if the augmented images do not have the size that the model takes.

    Args:
        owner: the `AugmentedModel`.
        came: the images before augmentation, or a structure of inputs.
        made: what the augmentation makes of them.
    """
    inputs = getattr(owner.model, "inputs", None) or []
    leaves = [keras.tree.flatten(each) for each in (inputs, came, made)]
    if len({len(each) for each in leaves}) > 1:
        return
    layout = owner.augmentation.data_format
    for expected, before, after in zip(*leaves, strict=True):
        taken, had, given = (size_of(each, layout) for each in (expected, before, after))
        if _differ(taken, given):
            raise ValueError(
                f"{checks.name_of(owner)}: the model takes images of (height, width) {taken}. "
                f"Received: images of {had}, of which the augmentation makes {given}. End the "
                f"augmentation with JointResizing{taken}, or give the model an input of any size, "
                "such as keras.Input((None, None, 3))."
            )


def check_validation(owner, images):
    """Raises for validation images of another size than the input: nothing crops them."""
    inputs = getattr(owner.model, "inputs", None) or []
    leaves = [keras.tree.flatten(each) for each in (inputs, images)]
    if len(leaves[0]) != len(leaves[1]):
        return
    layout = owner.augmentation.data_format
    for taken, given in zip(*([size_of(x, layout) for x in each] for each in leaves), strict=True):
        if _differ(taken, given):
            raise ValueError(
                f"{checks.name_of(owner)}: images to validate with are not augmented, and must be "
                f"of the (height, width) {taken} that the model takes. Received: images of "
                f"{given}. Crop or resize them and their masks with "
                f"JointCenterCrop{taken} or JointResizing{taken}, or give the model an input of "
                "any size, such as keras.Input((None, None, 3))."
            )


def check_output(owner, targets, outputs):
    """Raises if targets do not have the size of the outputs."""
    try:
        keras.tree.assert_same_structure(targets, outputs)
    except (TypeError, ValueError):
        if len(keras.tree.flatten(targets)) != 1 or len(keras.tree.flatten(outputs)) != 1:
            # Keras matches them by name.
            return
    layout = owner.augmentation.data_format
    pairs = zip(keras.tree.flatten(targets), keras.tree.flatten(outputs), strict=True)
    for target, output in pairs:
        size, given = size_of(target, layout), size_of(output, layout)
        if len(output.shape) == 4 and _differ(size, given):
            raise ValueError(
                f"{checks.name_of(owner)}: masks and output must be of one size. Received: masks "
                f"of (height, width) {size}, and a model that gives {given}. Let `mask_transform` "
                "make targets of that size, or end the model with keras.layers.Resizing"
                f"{size}."
            )


def weights_of_the_loss(owner, targets, outputs, weights):
    """Sample weights with the same axes as the values of their loss.

    Keras adds and removes a last axis of one channel. It would broadcast weights (B, 1, H, W) and
    a loss (B, H, W) over every pair of samples. Raises for one weight per sample if the loss has a
    value for each pixel: Keras would multiply each row of pixels by all of the weights, if there
    are equally many.
    """
    flat = keras.tree.flatten(outputs)
    parts = [_of_each(part, outputs) for part in (targets, weights, owner.loss)]
    if any(part is None for part in parts):
        # Keras matches them by their names.
        return weights
    found = [_fitted(owner, *each) for each in zip(*parts, flat, strict=True)]
    if keras.tree.is_nested(weights):
        return keras.tree.pack_sequence_as(weights, found)
    return found[0] if len(found) == 1 else weights


def _fitted(owner, target, weight, loss, output):
    """One weight tensor, as the values of its loss are."""
    if any(each is None for each in (target, weight, loss)):
        return weight
    # TensorFlow raises here if the rank is unknown, as it would in Keras' loss.
    rank, first = len(weight.shape), owner.augmentation.data_format == "channels_first"
    if rank != 1 and not (first and rank in (3, 4)):
        return weight
    shape = _shape_of_loss(loss, target, output)
    if rank == 4 and len(shape) == 3 and weight.shape[1] == 1:
        return keras.ops.squeeze(weight, axis=1)
    if rank == 3 and len(shape) == 4 and shape[1] == 1:
        return keras.ops.expand_dims(weight, axis=1)
    # With one value per sample Keras does the right thing.
    if rank == 1 and (len(shape) > 2 or any(n != 1 for n in shape[1:])):
        raise ValueError(
            f"{checks.name_of(owner)}: a loss of pixels needs a weight for each pixel. Received: "
            f"sample weights of shape {tuple(weight.shape)}, one per sample, and a loss of shape "
            f"{shape}. Repeat them: `np.broadcast_to(weights[:, None, None], masks.shape[:3])`."
        )
    return weight


def _of_each(part, outputs):
    """A list with one entry per output; None where only names tell which entry belongs to which."""
    flat, count = keras.tree.flatten(part), len(keras.tree.flatten(outputs))
    if not keras.tree.is_nested(part):
        return flat * count
    if count == len(flat) == 1:
        return flat
    # On TensorFlow a model keeps its losses in a mapping of another type.
    part = dict(part) if isinstance(part, Mapping) else part
    try:
        keras.tree.assert_same_structure(part, outputs)
    except (TypeError, ValueError):
        return None
    return flat


def _shape_of_loss(loss, target, output):
    """The shape of the values of a loss, before they are weighted."""
    loss = keras.losses.get(loss)

    def values(*pair):
        if not isinstance(loss, keras.losses.Loss):
            return loss(*pair)
        return loss.call(*(keras.ops.cast(each, loss.dtype) for each in pair))

    pair = [keras.KerasTensor((None, *each.shape[1:]), each.dtype) for each in (target, output)]
    return tuple(training_backend.output_spec(values, *pair).shape)


def _differ(one, other):
    return any(None not in (a, b) and a != b for a, b in zip(one, other, strict=True))
