"""Whether augmentation, model and data fit each other, before the first step."""

import keras

from keras_segaug import checks
from keras_segaug.core import value_ranges
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.layer_types import ImageOnlyLayer, MaskOnlyLayer
from keras_segaug.engine.spec import Spec
from keras_segaug.training.weights import size_of


def check_model(owner, model):
    if not isinstance(model, keras.Model):
        checks.fail(owner, "model", "a keras.Model", model)
    if getattr(model, "preprocessor", None) is not None:
        raise ValueError(
            f"{checks.name_of(owner)}: `model` must have no preprocessor, which only its own `fit` "
            f"and `predict` would run. Received: a {type(model).__name__} with a "
            f"{type(model.preprocessor).__name__}. Take `dataset.map(model.preprocessor)`, and set "
            "`model.preprocessor = None`."
        )


def check_augmentation(owner, augmentation):
    """Raises for what is no augmentation, or would make training differ from prediction."""
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


def check_text(owner, *data):
    """Raises for text, and for arrays of Python objects, in what `fit` is given."""
    for leaf in keras.tree.flatten(data):
        kind = getattr(getattr(leaf, "dtype", None), "kind", "")
        if isinstance(leaf, (str, bytes)) or kind in ("U", "S", "O"):
            what = "arrays of one size each" if kind == "O" else "numbers"
            raise ValueError(
                f"{checks.name_of(owner)}: images and masks must be {what}. Received: "
                f"{checks.shown(leaf, 80)}. A mask holds class ids: make ids of names, and arrays "
                "of lists with `np.stack`, before `fit`."
            )


def check_weights_of(owner, augmentation):
    if augmentation.trainable_variables:
        names = [variable.path for variable in augmentation.trainable_variables]
        raise ValueError(
            f"{checks.name_of(owner)}: the augmentation must have no trainable weights, which no "
            f"gradient reaches. Received: {checks.shown(names)}. Set their layer's `trainable` to "
            "False."
        )


def check_input(owner, came, made):
    """Raises where the augmented images are not of the size that the model takes.

    Args:
        owner: the `AugmentedModel`.
        came: the images as they came, or a structure of inputs.
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


def check_output(owner, targets, outputs):
    """Raises where targets are not of the size of the outputs."""
    try:
        keras.tree.assert_same_structure(targets, outputs)
    except (TypeError, ValueError):
        if len(keras.tree.flatten(targets)) != 1 or len(keras.tree.flatten(outputs)) != 1:
            # Keras knows by which names they belong together.
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


def _differ(one, other):
    return any(None not in (a, b) and a != b for a, b in zip(one, other, strict=True))
