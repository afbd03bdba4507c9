"""Applies parameters to images and to everything that belongs to them."""

import keras

from keras_segaug.checks.values import is_nan
from keras_segaug.core import value_ranges
from keras_segaug.core.parameters import len_of
from keras_segaug.core.targets import IMAGE_ROLES, MASK_ROLES, WEIGHT_ROLES
from keras_segaug.engine.batch import Batch
from keras_segaug.engine.execute import run, run_back
from keras_segaug.engine.follow import followed, interpolated
from keras_segaug.engine.operations import Color
from keras_segaug.engine.origins import origins
from keras_segaug.engine.spec import Spec
from keras_segaug.engine.view import View
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.values import replace


def view_of(layer, inputs, acting):
    """What a layer sees when it is called.

    Args:
        layer: the layer.
        inputs: the `Inputs` of the call.
        acting: False at inference.
    """
    batch = _batch_of(inputs.packed())
    spec = _spec_of(layer, batch.images, batch.size(), acting)
    return View(replace(spec, mask_names=inputs.mask_names()), batch, owner=layer)


def apply(layer, inputs, parameters):
    """What becomes of {role: list of tensors}, and the finished parameters (None at inference)."""
    packed = inputs.packed()
    view = view_of(layer, inputs, parameters is not None)
    value_ranges.check_result(layer, view.spec, dtype_of(view.batch.images))
    operations, parameters = layer._planned(parameters, view)
    dtype = layer.compute_dtype

    def colored(images):
        spec = _spec_of(layer, images, view.spec.size, view.spec.acting)
        again, _ = layer._planned(parameters, View(spec, owner=layer))
        masks = view.batch.masks if any(map(_reads_masks, again)) else []
        return run(again, Batch(images, masks, []), dtype).images

    also = {
        "image": colored,
        "continuous": lambda values: interpolated(operations, values),
        "points": lambda points: followed(operations, points),
    }
    return _by_role(packed, run(operations, view.batch, dtype), also), parameters


def mixing_of(layer, inputs, parameters):
    """The samples that each pixel of the result of `apply` comes from; see `engine.origins`."""
    size, count = inputs.size(), len_of(inputs)
    spec = Spec(size, value_ranges.ANY, acting=parameters is not None)
    operations, _ = layer._planned(parameters, View(spec, owner=layer))
    found = origins(operations, count, size)
    batched = inputs.image_layout.batched
    return found if batched else {name: each[0] for name, each in found.items()}


def _reads_masks(operation):
    return isinstance(operation, Color) and operation.reads_masks


def undo(layer, packed, parameters, size, predictions=False):
    """What `apply` with these parameters has moved, back where it was.

    Args:
        layer: the layer.
        packed: {role: list of tensors}.
        parameters: those of `apply`.
        size: to move back to, one entry for each spatial axis.
        predictions: are the images class scores? Their dtype stays.
    """
    batch = _batch_of(packed)
    # Nothing is colored, so any range will do.
    spec = Spec(tuple(size), value_ranges.ANY, acting=parameters is not None)
    operations, _ = layer._planned(parameters, View(spec, owner=layer))

    def alone(tensor, dtype):
        return run_back(operations, Batch(tensor, [], []), dtype).images

    also = {
        "image": lambda images: alone(images, layer.compute_dtype),
        "continuous": lambda values: alone(values, dtype_of(values)),
        "points": lambda points: followed(operations, points, back=True),
    }
    # Scores are not levels, which a policy may round.
    dtype = dtype_of(batch.images) if predictions else layer.compute_dtype
    return _by_role(packed, run_back(operations, batch, dtype, predictions), also)


def specs_after(layer, inputs, acting):
    """{role: list of `keras.KerasTensor`s}: the shapes and dtypes that a call returns."""
    layouts = inputs.layouts()

    def spec(role, tensor, layout):
        if role == "points":
            return keras.KerasTensor(tensor.shape, tensor.dtype)
        batch, *size, channels = layout.packed_shape(tensor.shape)
        asked = "mask_channels" if role in MASK_ROLES else "image_channels"
        known = {asked: channels} if role in (*MASK_ROLES, *IMAGE_ROLES) else {}
        result = layer.output_spec(Spec(tuple(size), acting=acting, **known))
        channels = result.mask_channels if role in MASK_ROLES else channels
        dtype = layer.compute_dtype if role in IMAGE_ROLES else tensor.dtype
        shape = layout.unpacked_shape((batch, *result.size, channels))
        return keras.KerasTensor(shape, dtype)

    return {
        role: [spec(role, *pair) for pair in zip(tensors, layouts[role], strict=True)]
        for role, tensors in inputs.flat().items()
    }


def _spec_of(layer, images, size, acting):
    dtype = dtype_of(images)
    spec = Spec(
        size=tuple(size),
        value_range=value_ranges.of_dtype(dtype),
        image_channels=images.shape[-1],
        acting=acting,
        gaps="float" in dtype,
    )
    # Images of integers hold no NaN, but a layer may fill with it.
    fills = (getattr(leaf, "fill_value", None) for leaf, _ in layer._leaves(spec))
    return replace(spec, gaps=spec.gaps or any(map(is_nan, fills)))


def _batch_of(packed):
    """The images with all masks and weights, which one run of the operations takes along."""
    masks, weights = (
        [tensor for role in roles for tensor in packed.get(role, [])]
        for roles in (MASK_ROLES, WEIGHT_ROLES)
    )
    return Batch(packed["images"][0], masks, weights)


def _by_role(packed, moved, also):
    """{role: list of tensors} from the moved batch, and functions for the other roles."""
    rest = iter([*moved.masks, *moved.weights])
    inside = [role for role in (*MASK_ROLES, *WEIGHT_ROLES) if role in packed]
    return {
        "images": [moved.images],
        **{role: [next(rest) for _ in packed[role]] for role in inside},
        **{role: [one(x) for x in packed[role]] for role, one in also.items() if role in packed},
    }
