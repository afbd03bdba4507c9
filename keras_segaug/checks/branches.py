"""Checks that the branches of a `RandomChoice` fit together, by what the layers declare."""

from keras_segaug import checks
from keras_segaug.engine.spec import Spec

# Unknown, tiny, usual, prime, large: a layer that treats all of these alike treats all alike.
_SIZES = ((None, None), (1, 1), (2, 3), (96, 128), (1009, 1013), (4093, 4099))
_CHANNELS = (1, 2, 3, 4, 5, 21)
_CURE = (
    "Put the layer before or after the RandomChoice, or end every branch alike: with one "
    "JointResizing or JointRandomCrop in a Pipeline, with the same mask coding"
)


def keep_all(owner, layers):
    """Do all layers keep size and channels? False where all change them alike; else an error."""
    sizes = [size_given(layer) for layer in layers]
    for layer, size in zip(layers, sizes, strict=True):
        if size is None:
            _fail(owner, "keep the image's size, or give one fixed size whatever it is", layer)
        if size != sizes[0]:
            _fail(owner, "all keep the image's size, or all give the same fixed size", layer)
    if not any(map(_codes_masks, layers)):
        return sizes[0] == "kept"
    given = [_channels_given(layer) for layer in layers]
    for layer, channels in zip(layers, given, strict=True):
        if not _codes_masks(layer) or channels != given[0]:
            # The message is about a layer that codes masks.
            wrong = next(each for each in (layer, *layers) if _codes_masks(each))
            _fail(owner, "all keep the mask's channels, or all code the mask alike", wrong)
    return False


def size_given(layer):
    """ "kept", a fixed (height, width), or None where it is neither."""
    try:
        unknown, *given = [
            _asked(lambda size: layer.output_spec(Spec(size)).size, size) for size in _SIZES
        ]
    except TypeError:
        # It computes with sizes, which may not be known.
        return None
    pairs = zip(given, _SIZES[1:], strict=True)
    if unknown == (None, None) and all(found in (size, "refused") for found, size in pairs):
        return "kept"
    fixed = unknown != "refused" and None not in unknown
    return unknown if fixed and all(found in (unknown, "refused") for found in given) else None


def _codes_masks(layer):
    """Does it, or a layer inside, change a mask's channels?"""
    inner = getattr(layer, "layers", None)
    if inner is not None:
        return any(map(_codes_masks, inner))
    pairs = zip(_channels_given(layer), _CHANNELS, strict=True)
    return any(found not in (channels, "refused") for found, channels in pairs)


def _channels_given(layer):
    return [
        _asked(lambda n: layer.output_spec(Spec((None, None), mask_channels=n)).mask_channels, n)
        for n in _CHANNELS
    ]


def _asked(function, *arguments):
    """What the function returns, or "refused": a crop may want an image as large as its window."""
    try:
        found = function(*arguments)
    except ValueError:
        return "refused"
    return tuple(found) if isinstance(found, (tuple, list)) else found


def _fail(owner, wanted, layer):
    checks.fail(owner, "layers", f"layers that {wanted}. {_CURE}", f"{layer!r}")
