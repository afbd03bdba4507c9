"""Drawn parameters as files: plain arrays, and the layer they belong to."""

import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.core import backend
from keras_segaug.core.comparison import arguments_without, plain
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.parameters import taken
from keras_segaug.core.types import Parameters
from keras_segaug.files import written_in_full
from keras_segaug.version import __version__

# The format of the file: raised when earlier versions cannot read what is written now.
_FORMAT = 1
# The entry that says what the others are.
_ABOUT = "keras_segaug"
# Layers that differ only in these do the same with the same parameters.
_NO_MATTER = ("name", "seed", "jit_compile", "trainable")
# What `np.load` and `zipfile` raise for files that are not a complete archive of arrays.
_DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    # A single array is not an archive.
    AttributeError,
    TypeError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)
_SAVE, _LOAD = "save_parameters", "load_parameters"


def save_parameters(
    path: str | os.PathLike[str], layer: AugmentationLayer, parameters: Parameters
) -> None:
    """Writes drawn parameters to a file, to be applied again later or elsewhere.

    The file is a plain `.npz`: one array for each drawn number, named by its place
    (`layers/0/angle`), and the entry `keras_segaug`, which says, as JSON, which layer they belong
    to. The file is written under another name and then renamed, so it is either complete or absent.

    Args:
        path: the file to write, which ends in `.npz`. An existing file is replaced.
        layer: the layer that has drawn them.
        parameters: what `layer.draw_parameters(data, key)`, or a call with
            `return_parameters=True`, returned: tensors of any backend or arrays, with values.

    Raises:
        ValueError: for a path that does not end in `.npz`, for parameters of another layer, of
            inference (which are None), or of a traced function (which have no values).
        OSError: where the file cannot be written, as on a full disk.

    Example:

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "drawn.npz"
    >>> images, masks = np.ones((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8")
    >>> layer = keras_segaug.JointRandomRotation(0.1)
    >>> (turned, moved), parameters = layer(images, masks, return_parameters=True)
    >>> keras_segaug.save_parameters(path, layer, parameters)
    >>> again, _ = layer.apply((images, masks), keras_segaug.load_parameters(path, layer))
    >>> bool((keras.ops.convert_to_numpy(again) == keras.ops.convert_to_numpy(turned)).all())
    True
    """
    path = _checked(_SAVE, path, layer)
    if parameters is None:
        accepted = "what `draw_parameters(data, key)` returned; those of inference are None"
        checks.fail(_SAVE, "parameters", accepted, parameters)
    if not all(map(_is_there, keras.tree.flatten(parameters))):
        raise ValueError(
            f"{_SAVE}: `parameters` must hold numbers. Received tensors of a traced function, "
            "which have none yet. Return the parameters from it, and save what it returns."
        )
    taken(layer, parameters)
    arrays: dict[str, Any] = {}
    about: dict[str, Any] = {
        "format": _FORMAT,
        "version": __version__,
        "layer": _made_of(layer),
        "parameters": _put(arrays, parameters, ()),
    }
    with written_in_full(_SAVE, path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **{_ABOUT: np.array(json.dumps(about)), **arrays})


def load_parameters(path: str | os.PathLike[str], layer: AugmentationLayer) -> Parameters:
    """Reads parameters that `save_parameters` wrote.

    Args:
        path: of the file.
        layer: a layer that does the same with them as the one that drew them: equal to it except
            for name, seed and `jit_compile`. The file may come from any backend.

    Returns:
        The same parameters as numpy arrays, for `layer.apply`, `invert` and `describe`.

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: for a file that is cut off or damaged, was not written by `save_parameters`, has
            a newer format, or holds the parameters of a layer with other arguments.

    Example:

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "drawn.npz"
    >>> layer = keras_segaug.JointRandomFlip("horizontal")
    >>> keras_segaug.save_parameters(path, layer, layer.draw_parameters((2, 8, 8, 3), key=1))
    >>> layer.describe(keras_segaug.load_parameters(path, layer), sample=0)
    ['JointRandomFlip: horizontal yes.']
    """
    path = _checked(_LOAD, path, layer)
    about, arrays = _read(path)
    here = f"{type(layer).__name__} that was given"
    differs = _difference(about["layer"], _made_of(layer), here)
    if differs:
        raise ValueError(
            f"{_LOAD}: {path} holds the parameters of another layer: {differs}. Load them with the "
            "layer that drew them (`to_json` keeps one), or draw anew."
        )
    try:
        parameters = _taken_out(arrays, about["parameters"])
    except (KeyError, TypeError) as error:
        raise ValueError(_broken(path, f"it lacks {error}")) from error
    taken(layer, parameters)
    return parameters


def _checked(owner, path, layer):
    if not isinstance(layer, AugmentationLayer):
        checks.fail(owner, "layer", "a layer of keras_segaug, the one that drew them", layer)
    try:
        path = Path(path)
    except TypeError:
        checks.fail(owner, "path", "the path of a file that ends in .npz", path, TypeError)
    if path.suffix != ".npz":
        checks.fail(owner, "path", "the path of a file that ends in .npz", str(path))
    return path


def _is_there(value):
    return backend.is_eager(value) if hasattr(value, "dtype") else True


# --- Arrays and their places -----------------------------------------------------------------


def _put(arrays, value, place):
    """The structure with names in place of its arrays, which are put into `arrays`."""
    if isinstance(value, dict):
        return {name: _put(arrays, each, (*place, name)) for name, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_put(arrays, each, (*place, str(i))) for i, each in enumerate(value)]
    name = "/".join(place)
    # The last two names would be taken for arguments of numpy's function.
    while name in arrays or name in (_ABOUT, "file", "allow_pickle"):
        name += "'"
    arrays[name] = _as_array(value)
    return name


def _as_array(value):
    array = np.asarray(backend.to_numpy(value))
    # Torch stores the words of keys, which are unsigned and of 32 bits, in 64 bits.
    is_word = array.dtype == np.int64 and ((array >= 0) & (array < 1 << 32)).all()
    return array.astype(np.uint32) if is_word and backend.runs_on("torch") else array


def _taken_out(arrays, names):
    if isinstance(names, dict):
        return {name: _taken_out(arrays, each) for name, each in names.items()}
    return tuple(_taken_out(arrays, x) for x in names) if isinstance(names, list) else arrays[names]


# --- Whose they are --------------------------------------------------------------------------


def _made_of(layer):
    """The layer's class and arguments in JSON form, without those that do not matter."""
    return json.loads(json.dumps(arguments_without(layer, _NO_MATTER), default=plain))


def _difference(saved, own, here, place=""):
    """Where two layers differ, in words; "" if they do not."""
    lists = type(saved) is type(own) is list and len(saved) == len(own)
    if lists and any(isinstance(entry, dict) for entry in own):
        pairs = [(f"{place}[{i}]", *pair) for i, pair in enumerate(zip(saved, own, strict=True))]
    elif type(saved) is type(own) is dict and saved.get("class") == own.get("class"):
        names = sorted({*saved, *own})
        pairs = [(f"{place}.{n}".lstrip("."), saved.get(n), own.get(n)) for n in names]
    elif saved == own:
        return ""
    else:
        default = "its default"
        saved, own = (default if x is None else checks.shown(x, 100) for x in (saved, own))
        return f"{f'`{place}`' if place else 'it'} is {saved} there, and {own} in the {here}"
    found = (_difference(one, other, here, where) for where, one, other in pairs)
    return next(filter(None, found), "")


# --- The file --------------------------------------------------------------------------------


def _read(path):
    """(the description of the arrays, the arrays), fully read."""
    if not path.is_file():
        raise FileNotFoundError(f"{_LOAD}: {path}: there is no such file.")
    try:
        # Opened here, since `np.load` leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
    except _DAMAGED as error:
        raise ValueError(_broken(path, str(error))) from error
    try:
        about = json.loads(found.pop(_ABOUT).item())
        version = about["format"]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{_LOAD}: {path} was not written by `save_parameters`: it does not say of which layer "
            "it is. Save the parameters with `save_parameters(path, layer, parameters)`."
        ) from error
    if not isinstance(version, int) or version > _FORMAT:
        raise ValueError(
            f"{_LOAD}: {path} is of format {version}, written by keras_segaug "
            f"{about.get('version')}; this is {__version__}, which reads formats up to {_FORMAT}. "
            "Update keras_segaug."
        )
    return about, found


def _broken(path, why):
    return (
        f"{_LOAD}: {path} is no complete file of parameters: {why}. It was cut off or damaged, as "
        "by a copy that broke off: copy it again, or save the parameters anew."
    )
