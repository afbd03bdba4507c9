"""Keys and parameters as they are handed over: what they are, and how many they are for."""

import numbers
from collections.abc import Mapping

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.core import backend, random
from keras_segaug.core.backend import ops


def as_key(owner, key, count):
    """The key as words, (2,) or, for so many samples, (count, 2)."""
    if isinstance(key, numbers.Integral):
        return random.key(int(key))
    shape, dtype = tuple(getattr(key, "shape", ())), str(getattr(key, "dtype", ""))
    rows = shape[0] if len(shape) == 2 else count
    other = isinstance(rows, int) and isinstance(count, int) and rows != count
    if len(shape) not in (1, 2) or shape[-1] != 2 or "int" not in dtype or other:
        accepted = (
            "an integer, or the words (2,) that `keras_segaug.random.key(integer)` and `call_key` "
            "return (in a traced function these alone), or such words for each sample, (batch, 2)"
        )
        checks.fail(owner, "key", accepted, key)
    return key


def is_size(size):
    return hasattr(size, "__len__") and not isinstance(size, str) and len(size) == 2


def is_shape(data):
    """Is it the shape of images, and not images and what goes with them?"""
    if type(data).__name__ == "TensorShape":
        return True
    entries = data if isinstance(data, (tuple, list)) and len(data) in (3, 4) else [{}]
    return not any(
        isinstance(entry, Mapping) or len(getattr(entry, "shape", ())) for entry in entries
    )


def rows_of(size, count):
    """The size for each sample, so that parameters can be cut up by samples."""
    size = [-1 if n is None else n for n in size]
    if all(isinstance(n, int) for n in (*size, count)):
        return np.tile(np.array(size, "int32"), (count, 1))
    return ops.broadcast_to(ops.convert_to_tensor(size, dtype="int32"), (count, 2))


def handed_over(drawn, size, count):
    """Parameters as users get them: complete, and a structure that `dataset.map` can return."""
    return {**_in_tuples(drawn), "input_size": rows_of(size, count)}


def _in_tuples(drawn):
    """The same with tuples for lists, which `tf.data` takes for tensors."""
    if isinstance(drawn, dict):
        return {name: _in_tuples(value) for name, value in drawn.items()}
    return tuple(map(_in_tuples, drawn)) if isinstance(drawn, (tuple, list)) else drawn


def taken(owner, parameters):
    """Parameters as users give them back: as tensors of the backend; None at inference.

    The size stays as it is: of an array it is known also where a program is traced.
    """
    if parameters is None:
        return None
    if not isinstance(parameters, Mapping):
        accepted = "what `draw_parameters(data, key)` returned, or None"
        checks.fail(owner, "parameters", accepted, parameters)
    rest = {name: value for name, value in parameters.items() if name != "input_size"}
    size = {name: value for name, value in parameters.items() if name == "input_size"}
    return {**keras.tree.map_structure(_as_tensor, rest), **size}


def _as_tensor(value):
    # A dataset's tensors are TensorFlow's, whatever Keras runs on.
    return value if ops.is_tensor(value) else ops.convert_to_tensor(np.asarray(value))


def size_of(parameters):
    """The (height, width) that parameters were drawn for, None where they do not say."""
    rows = (parameters or {}).get("input_size")
    if rows is None or 0 in rows.shape:
        return None
    if not backend.is_eager(rows):
        return rows[0, 0], rows[0, 1]
    height, width = (int(n) for n in backend.to_numpy(rows)[0])
    return None if -1 in (height, width) else (height, width)


def count_of(parameters):
    """How many samples parameters were drawn for."""
    rows = parameters.get("input_size")
    return 0 if rows is None else int(rows.shape[0])


def len_of(inputs):
    images = inputs.images
    return ops.shape(images)[0] if len(images.shape) == 4 else 1


def check_size(owner, inputs, parameters):
    """Were the parameters drawn for so many images of this size?"""
    rows = (parameters or {}).get("input_size")
    counts = len_of(inputs), len_of(inputs) if rows is None else rows.shape[0]
    if all(isinstance(n, int) for n in counts) and counts[0] != counts[1]:
        raise ValueError(
            f"{type(owner).__name__}: `parameters` were drawn for {counts[1]} samples. Received "
            f"{counts[0]}. Draw anew for a batch of another size."
        )
    drawn = size_of(parameters)
    size = inputs.image_layout.packed_shape(inputs.images.shape)[1:3]
    pairs = zip(drawn or size, size, strict=True)
    if any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs):
        raise ValueError(
            f"{type(owner).__name__}: `parameters` were drawn for images of {drawn[0]} x "
            f"{drawn[1]} (height x width). Received images of {size[0]} x {size[1]}. Draw "
            "anew for images of another size."
        )
