"""Keys and parameters that callers pass: what they are, for how many samples, of which layer."""

import numbers
from collections.abc import Mapping

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.core import backend, random
from keras_segaug.core.backend import ops

_WORD = 0xFFFFFFFF


def as_key(owner, key, count):
    """The key as words: (2,), or (count, 2) with one for each sample."""
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
    if dtype.endswith("uint32"):
        return key
    # torch has 64 bits, and numpy has by default; sums of words must not use more than 32.
    if isinstance(key, np.ndarray):
        return key.astype("uint32")
    # On its own device: a cast of Keras would move it to the accelerator, and then wait for that.
    return key.long() & _WORD if backend.name() == "torch" else ops.cast(key, "uint32")


def why_not_of(layer, parameters, inner=()):
    """Says what shows that another layer has drawn these parameters; None where nothing does.

    Args:
        layer: the layer that they were given to.
        parameters: what came.
        inner: names besides those that the layer itself draws.
    """
    if not isinstance(parameters, Mapping):
        return f"takes a mapping. Received {checks.shown(parameters)}"
    own = layer._shapes_drawn
    wanted, came = {*own, *inner}, parameters.keys() - _EVERYWHERE
    # Only the layer knows what `resolve` adds.
    if wanted - came or (came - wanted and not layer._resolves()):
        return f"takes {_listed(wanted, 'no parameters')}. Received {_listed(came, 'nothing')}"
    if layer._resolves():
        return None
    for name, shape in own.items():
        found = _shape_of_sample(parameters[name])
        if not _agree(found, shape):
            return f"takes {name!r} of shape {shape} a sample. Received {found}"
    return None


def shapes_drawn(layer):
    """{name: shape of one sample} of what a layer itself draws."""
    if not layer.random:
        return {}
    with backend.outside_graphs():
        drawn = layer.draw(random.Draws(random.key(0), 1))
    return {name: _shape_of_sample(value) for name, value in drawn.items()}


# What any layer's parameters may hold: a composition tells its layers where they act.
_EVERYWHERE = {"input_size", "applied"}


def _listed(names, none):
    return ", ".join(map(repr, sorted(names, key=str))) or none


def _shape_of(value):
    """None where the rank is not known."""
    shape = getattr(value, "shape", None)
    shape = np.shape(value) if shape is None else shape
    return None if getattr(shape, "rank", 0) is None else tuple(shape)


def _shape_of_sample(value):
    shape = _shape_of(value)
    return None if shape is None else shape[1:]


def _agree(shape, other):
    if shape is None or other is None:
        return True
    pairs = list(zip(shape, other, strict=False))
    return len(shape) == len(other) and all(a == b or None in (a, b) for a, b in pairs)


def is_size(size):
    return hasattr(size, "__len__") and not isinstance(size, str) and len(size) == 2


def is_shape(data):
    """Is it the shape of images, rather than images and what goes with them?"""
    if type(data).__name__ == "TensorShape":
        return True
    entries = data if isinstance(data, (tuple, list)) and len(data) in (3, 4) else [{}]
    return not any(
        isinstance(entry, Mapping) or len(getattr(entry, "shape", ())) for entry in entries
    )


def rows_of(size, count):
    """The size for each sample, so that parameters can be split by samples."""
    size = [-1 if n is None else n for n in size]
    if all(isinstance(n, int) for n in (*size, count)):
        return np.tile(np.array(size, "int32"), (count, 1))
    return ops.broadcast_to(ops.convert_to_tensor(size, dtype="int32"), (count, 2))


def handed_over(drawn, size, count):
    """Parameters as users get them: complete, and a structure that `dataset.map` can return."""
    return {**_in_tuples(drawn), "input_size": rows_of(size, count)}


def _in_tuples(drawn):
    """The same with tuples instead of lists, which `tf.data` takes for tensors."""
    if isinstance(drawn, dict):
        return {name: _in_tuples(value) for name, value in drawn.items()}
    return tuple(map(_in_tuples, drawn)) if isinstance(drawn, (tuple, list)) else drawn


def taken(owner, parameters):
    """Parameters as users give them back, as tensors of the backend; None at inference.

    The size stays as it is: that of an array is known even while a program is traced.
    """
    if parameters is None:
        return None
    if not isinstance(parameters, Mapping):
        accepted = "what `draw_parameters(data, key)` returned, or None"
        checks.fail(owner, "parameters", accepted, parameters)
    why = owner._why_not(parameters)
    if why is not None:
        raise ValueError(
            f"{type(owner).__name__}: `parameters` are not those of this layer. It {why}. Draw "
            "them with this layer's `draw_parameters(data, key)`."
        )
    rest = {name: value for name, value in parameters.items() if name != "input_size"}
    size = {name: value for name, value in parameters.items() if name == "input_size"}
    return {**keras.tree.map_structure(_as_tensor, rest), **size}


def _as_tensor(value):
    # A dataset's tensors are TensorFlow's, whatever Keras runs on.
    return value if ops.is_tensor(value) else ops.convert_to_tensor(np.asarray(value))


def known_size_of(parameters):
    """The (height, width) that parameters were drawn for; None where that cannot be read now."""
    rows = (parameters or {}).get("input_size")
    if rows is None or 0 in rows.shape or not backend.is_eager(rows):
        return None
    height, width = (int(n) for n in backend.to_numpy(rows)[0])
    return None if -1 in (height, width) else (height, width)


def size_of(parameters, otherwise):
    """The (height, width) that parameters were drawn for; `otherwise` where they do not say."""
    rows = (parameters or {}).get("input_size")
    if rows is None or backend.is_eager(rows):
        return known_size_of(parameters) or otherwise
    # There may be no sample to read it from.
    last = ops.convert_to_tensor([list(otherwise)], dtype=rows.dtype)
    first = ops.concatenate([rows, last], axis=0)[0]
    return first[0], first[1]


def counts_of(parameters):
    """For how many samples there are parameters: one number, unless some of them were cut.

    A set; empty where there are none, or where it is not known.
    """
    shapes = [_shape_of(value) for value in keras.tree.flatten(parameters or {})]
    return {shape[0] for shape in shapes if shape and isinstance(shape[0], int)}


def len_of(inputs):
    images = inputs.images
    return ops.shape(images)[0] if len(images.shape) == 4 else 1


def check_count(owner, inputs, parameters):
    """Checks that the parameters were drawn for this many samples."""
    count = len_of(inputs)
    others = [n for n in counts_of(parameters) if isinstance(count, int) and n != count]
    if others:
        raise ValueError(
            f"{type(owner).__name__}: `parameters` were drawn for {min(others)} samples. Received "
            f"{count}. Draw anew for a batch of another size."
        )


def check_size(owner, inputs, parameters):
    """Checks that the parameters were drawn for this many images of this size."""
    check_count(owner, inputs, parameters)
    size = inputs.image_layout.packed_shape(inputs.images.shape)[1:3]
    drawn = known_size_of(parameters) or size
    pairs = zip(drawn, size, strict=True)
    if any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs):
        raise ValueError(
            f"{type(owner).__name__}: `parameters` were drawn for images of {drawn[0]} x "
            f"{drawn[1]} (height x width). Received images of {size[0]} x {size[1]}. Draw "
            "anew for images of another size."
        )
