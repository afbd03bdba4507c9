"""Loads augmentations from files."""

from pathlib import Path

import keras

from keras_segaug.core.layer import AugmentationLayer


def load_augmentations(path):
    """The augmentations of a JSON text (see `to_json`) or a `.keras` file, by their names.

    In a model, only augmentations that are not inside another one are found.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")
    if path.suffix == ".json":
        try:
            found = [AugmentationLayer.from_json(path.read_text(encoding="utf-8"))]
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}: not a text in UTF-8: {error}.") from error
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    elif path.suffix == ".keras":
        found = list(_augmentations_in(_load(path)))
    else:
        raise ValueError(f"{path}: must end with .json (see `to_json`) or .keras.")
    if not found:
        raise ValueError(f"{path}: the model holds no layer of keras_segaug.")
    return {layer.name: layer for layer in found}


def load_augmentation(path, name=None):
    """The only augmentation in a file, or the one with this name."""
    found = load_augmentations(path)
    if name is None and len(found) > 1:
        raise ValueError(f"{path}: holds several augmentations; say which: {', '.join(found)}.")
    if name is not None and name not in found:
        raise ValueError(f"{path}: holds no augmentation {name!r}, but {', '.join(found)}.")
    return found[name or next(iter(found))]


def _load(path):
    try:
        return keras.saving.load_model(path, compile=False)
    # Keras may raise nearly any exception, depending on what is wrong with the file.
    except Exception as error:
        raise ValueError(f"{path}: Keras cannot load it: {error}") from error


def _augmentations_in(layer):
    if isinstance(layer, AugmentationLayer):
        yield layer
        return
    for inner in getattr(layer, "layers", []):
        yield from _augmentations_in(inner)
