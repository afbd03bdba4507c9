"""Checks of what a call brought, before anything is done with it."""

import warnings
from collections.abc import Mapping

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.core import backend
from keras_segaug.core.backend import ops
from keras_segaug.core.surroundings import assert_in_graph, is_network_in_training
from keras_segaug.core.targets import IMAGE_ROLES, MASK_ROLES, WEIGHT_ROLES
from keras_segaug.core.tensor_layout import differ, shape_of

_WHOLE_NUMBERS = (
    "{owner}: a mask must hold whole numbers (class ids, or 0 and 1). Received a {dtype} mask with "
    "fractional values; was it rescaled, or resized with interpolation? What is to be interpolated "
    'is no mask: name its key in `targets`, as "continuous".'
)
# The advice where images are a structure: for a tuple or list of them, and for a mapping.
CURES = (
    "Make a list of images a batch with `np.stack`. Give several images of one sample as a "
    'mapping, and say what the others are: `targets={"depth": "continuous"}`.',
    'Give one mapping with all: {"image": image, "mask": mask}.',
)
_UNKNOWN_RANK = (
    "`tf.io.decode_image` needs `expand_animations=False`; after `tf.numpy_function`, or what else "
    "loses the shape, call `tensor.set_shape(...)`, such as (None, None, 3) for images and (None, "
    "None) for masks."
)
_IRREGULAR = {
    "ragged": "Augment before batching: `dataset.map(layer)`, then `ragged_batch`. Or give all of "
    "a batch one size: `images.to_tensor()`, `masks.to_tensor(255)` where 255 is ignored.",
    "sparse": "Make them dense: `tf.sparse.to_dense(tensor)`.",
}
_SAME_SAMPLE = (
    "Are they of the same sample, and both batched or neither? `JointResizing` and the crops "
    "change both sizes alike."
)
# With up to so many channels a mask may hold colors, which are not one-hot.
_MOST_COLORS = 4


def check_tensors(owner, sample):
    name = checks.name_of(owner)
    if "images" not in sample.tensors:
        raise ValueError(
            f"{name}: images are missing. Received None. Call layer(images), layer(images, masks) "
            'or layer({"images": images, "masks": masks}).'
        )
    images = sample.images
    if isinstance(images, (Mapping, tuple, list)):
        raise ValueError(
            f"{name}: the images must be one tensor or array. Received a "
            f"{type(images).__name__}. {CURES[isinstance(images, Mapping)]}"
        )
    for role, tensors in sample.flat().items():
        for value in tensors:
            _check_form(name, role, value)
            if not hasattr(value, "shape") or not hasattr(value, "dtype"):
                raise ValueError(
                    f"{name}: {role} must be tensors or arrays. Received: {checks.shown(value)} of "
                    f"type {type(value).__name__}. Read files before this layer, make lists of "
                    "numbers arrays with `np.asarray`, and give `training` by name."
                )
            checks.numeric(owner, role, value)
    if len(sample.images.shape) not in (3, 4):
        raise ValueError(
            f"{name}: images must be (height, width, channels) or (batch, height, width, "
            f"channels). Received shape {tuple(sample.images.shape)}. Give gray images a channel "
            "axis, `image[..., None]`, and make the frames of videos samples of the batch."
        )


def _check_form(name, role, tensor):
    """Checks that it is one dense block of numbers, of a known rank."""
    form = backend.irregular(tensor)
    if form is not None:
        raise ValueError(
            f"{name}: {role} are {form}, but must be one dense tensor. Received a "
            f"{type(tensor).__name__}. {_IRREGULAR[form]}"
        )
    if hasattr(tensor, "shape") and shape_of(tensor) is None:
        raise ValueError(
            f"{name}: {role} must have a rank that is known. Received a tensor of unknown rank. "
            f"{_UNKNOWN_RANK}"
        )


def is_without_pixels(weights, image_layout):
    """Are these weights a vector, one number for each image?"""
    shape = getattr(weights, "shape", None)
    return shape is not None and len(shape) < 2 + image_layout.batched


def check_shapes(owner, sample):
    layout = sample.image_layout
    for role, tensors in sample.flat().items():
        for tensor in tensors:
            if role == "points":
                _check_points(owner, tensor, sample)
            elif role != "images" and len(tensor.shape) - layout.batched not in (2, 3):
                _fail_shapes(owner, role, tensor, sample)
    shape = layout.packed_shape(sample.images.shape)
    checks.pixels(owner, shape)
    layouts = sample.layouts()
    for role, tensors in sample.flat().items():
        for tensor, its in zip(tensors, layouts[role], strict=True):
            symbolic = isinstance(tensor, keras.KerasTensor)
            if role in (*IMAGE_ROLES, "continuous") and not symbolic:
                checks.known_channels(owner, role, its.packed_shape(tensor.shape)[3])
            beside = role not in ("images", "points")
            if beside and (
                differ(its.packed_shape(tensor.shape)[1:3], shape[1:3])
                or _other_batch(tensor, sample)
            ):
                _fail_shapes(owner, role, tensor, sample)
            elif beside and None in (*its.packed_shape(tensor.shape)[1:3], *shape[1:3]):
                _check_size_in_graph(owner, role, tensor, its, sample)


def _check_size_in_graph(owner, role, tensor, layout, sample):
    """Raises when a TensorFlow graph runs: while it is traced, the size is not known.

    A lookup would find something in a mask of any size, but not what belongs to the image.
    """
    images = sample.images

    def holds():
        first, second = (
            ops.convert_to_tensor(list(its.packed_shape(ops.shape(each))[:3]), dtype="int32")
            for its, each in ((layout, tensor), (sample.image_layout, images))
        )
        return ops.all(first == second)

    said = (
        f"{checks.name_of(owner)}: {role} must have the height, width and batch size of the "
        f"images (data_format={owner.data_format!r}). {_SAME_SAMPLE} Received {role}, then images, "
        "of these shapes:"
    )
    assert_in_graph(tensor, holds, said, tensor, images)


def check_values(owner, sample):
    """Checks what only the values show, where they can be seen."""
    flat = sample.flat()
    for dtype in (_dtype_of(x) for x in flat.get("continuous", [])):
        if dtype == "bool":
            raise ValueError(
                f"{checks.name_of(owner)}: what is interpolated must be integers or floats. "
                "Received bool: its role in `targets` is 'mask'."
            )
    for mask in (mask for role in MASK_ROLES for mask in flat.get(role, [])):
        check_one_image(owner, sample, mask)
        check_whole_numbers(owner, mask)
    for role in (*MASK_ROLES, *WEIGHT_ROLES, "continuous"):
        for tensor in flat.get(role, []):
            check_bits(owner, role, tensor)


def check_one_image(owner, sample, mask):
    """Raises for a batch of grayscale images (N, H, W), read as one image with W channels."""
    shape = tuple(mask.shape)
    axis = 0 if sample.image_layout.channels_first else -1
    if len(shape) != 3 or sample.image_layout.batched or shape[axis] is None:
        return
    if shape[axis] != sample.images.shape[axis] or shape[axis] <= _MOST_COLORS:
        return
    if backend.is_eager(mask):
        values = np.asarray(keras.ops.convert_to_numpy(mask))
        held = values != 0
        on = held.sum(axis)
        # Masks of a batch may be almost empty; in a one-hot mask some pixels may be ignored.
        if on.max() <= 1 and on.mean() > 0.5 and len(np.unique(values[held])) <= 1:
            return
    raise ValueError(
        f"{checks.name_of(owner)}: images of shape {tuple(sample.images.shape)} with masks of "
        f"shape {shape} are read as one image with {shape[axis]} channels. For a batch of gray "
        "images write `images[..., None]`; for one image with many channels and its one-hot mask, "
        "a batch of one: `images[None]` and `masks[None]`."
    )


def check_bits(owner, role, tensor):
    """Raises for 64-bit numbers that the 32 bits a backend turns them into cannot hold."""
    dtype = _dtype_of(tensor)
    # Floats that are not labels may lose digits.
    if dtype not in (("int64", "uint64", "float64") if role in MASK_ROLES else ("int64", "uint64")):
        return
    if not backend.is_eager(tensor) or not backend.cuts_to_32_bits():
        return
    values, narrow = np.asarray(tensor), dtype.replace("64", "32")
    with np.errstate(over="ignore"):
        lost = values[values != values.astype(narrow)]
    if len(lost):
        raise ValueError(
            f"{checks.name_of(owner)}: JAX makes {narrow} of {dtype}, which cannot hold all of "
            f"{role}. Received {lost[0]}. Number the classes anew, call the layer in "
            "`dataset.map`, or set `jax_enable_x64`."
        )


def check_whole_numbers(owner, mask):
    """Raises for a float mask with fractions: at once, or when a TensorFlow graph runs."""
    dtype = _dtype_of(mask)
    if "float" not in dtype or isinstance(mask, keras.KerasTensor):
        return
    said = _WHOLE_NUMBERS.format(owner=checks.name_of(owner), dtype=dtype)
    if not backend.is_eager(mask):
        assert_in_graph(mask, lambda: ops.all(mask == ops.floor(mask)), said)
        return
    numpy = isinstance(mask, np.ndarray)
    if bool(np.any(mask != np.floor(mask)) if numpy else ops.any(mask != ops.floor(mask))):
        raise ValueError(said)


def _dtype_of(tensor):
    return str(getattr(tensor.dtype, "name", tensor.dtype)).rpartition(".")[2]


def _check_points(owner, points, sample):
    shape, batched = tuple(points.shape), sample.image_layout.batched
    if len(shape) < 2 + batched or shape[-1] not in (2, None) or _other_batch(points, sample):
        raise ValueError(
            f"{checks.name_of(owner)}: points must be ({'batch, ' * batched}..., N, 2), x and y in "
            f"pixels. Received points of shape {shape} with images of shape "
            f"{tuple(sample.images.shape)}. What else belongs to a point, such as whether it is "
            "visible, comes as an entry of its own, with the role 'ignore'."
        )
    if "float" not in _dtype_of(points):
        raise ValueError(
            f"{checks.name_of(owner)}: points must be floats, since a moved point lies between "
            f"pixels. Received {_dtype_of(points)}: write `points.astype('float32')`."
        )


def _other_batch(tensor, sample):
    batched = sample.image_layout.batched
    return batched and differ(tuple(tensor.shape[:1]), tuple(sample.images.shape[:1]))


def _fail_shapes(owner, role, tensor, sample):
    cure = _SAME_SAMPLE
    if _fit_otherwise(tensor, sample):
        other = "last" if sample.image_layout.channels_first else "first"
        cure = f'They fit with data_format="channels_{other}": give that to the layer.'
    raise ValueError(
        f"{checks.name_of(owner)}: {role} must have the height, width and batch size of "
        "the images, with or without a channel axis. Received images of shape "
        f"{tuple(sample.images.shape)} and {role} of shape {tuple(tensor.shape)} "
        f"(data_format={owner.data_format!r}). {cure}"
    )


def _fit_otherwise(tensor, sample):
    """Would a mask (H, W) have the size of the images if their channels were elsewhere?"""
    layout, shape = sample.image_layout, tuple(sample.images.shape)
    size = shape[-3:-1] if layout.channels_first else shape[-2:]
    same = not differ(tuple(tensor.shape[:1]), shape[:1]) if layout.batched else True
    return same and tuple(tensor.shape[layout.batched :]) == size


def warn_of_masks_left_behind(layer, sample):
    """Warns if a model in training moves images, not what it learns; returns whether it did."""
    if set(sample.flat()) != {"images"} or not _moves_at_random(layer):
        return False
    if not is_network_in_training():
        return False
    warnings.warn(
        f"{type(layer).__name__} ({layer.name!r}) moves the images of a model in training, but not "
        "the masks that the model is to learn. Augment pairs in the dataset: "
        "`dataset.map(layer)`. Or make the masks an input of the model, and pass both: "
        "`layer(images, masks)`.",
        stacklevel=2,
    )
    return True


def _moves_at_random(layer):
    inner = getattr(layer, "_children", ())
    return any(map(_moves_at_random, inner)) or (layer._moves and layer.random)
