"""Describes in words how an augmentation is run."""

import math

import keras
import numpy as np

from keras_segaug.checks.views import one_result
from keras_segaug.core import backend
from keras_segaug.core.backend import ops
from keras_segaug.core.describe import title
from keras_segaug.core.inputs import Inputs
from keras_segaug.core.value_ranges import ANY
from keras_segaug.engine.fuse import differences, lookup_of, shared
from keras_segaug.engine.operations import Color, ColorChoice, Labels, Warp, Write
from keras_segaug.engine.spec import Spec
from keras_segaug.engine.view import View

# In image values: a call holds several copies of them, in 32 bits each.
_MOST_TRIED = 1 << 26


def report(augmentation, shape, mask_shape=None):
    """Lines of text: the merged stages, what is compiled, the output shapes.

    Args:
        augmentation: a layer of keras_segaug.
        shape: the images' shape, with or without a batch axis; None for an unknown size.
        mask_shape: the masks' shape; None for one class id per pixel.

    Returns:
        A string.
    """
    one_result("check", augmentation)
    channel = {"channels_last": -1, "channels_first": -3}[augmentation.data_format]
    if mask_shape is None:
        mask_shape = tuple(np.delete(np.array(shape, dtype=object), channel))
    size = tuple(np.delete(np.array(shape[-3:], dtype=object), channel))
    found = stages(augmentation, size)
    lines = [heading(augmentation, found), ""]
    for number, stage in enumerate(found, 1):
        lines.append(f"  stage {number}: {manner(stage)}{apart(found[: number - 1], stage)}")
        lines += [f"    {each}" for each in titles(stage)]
    lines += ["", f"  compiled: {compilation(augmentation, size)}"]
    given = {
        "images": keras.KerasTensor(shape, "uint8"),
        "masks": keras.KerasTensor(mask_shape, "uint8"),
    }
    # Checked like the data of a call.
    Inputs(augmentation, given)
    result = augmentation.compute_output_spec(given)
    lines += [f"  {role}: {spec(given[role])} -> {spec(result[role])}" for role in given]
    if None in (*shape, *mask_shape):
        return "\n".join(lines)
    if math.prod(shape) > _MOST_TRIED:
        lines.append(f"  not tried: an image of {size[0]} x {size[1]} would take much memory")
    else:
        try_out(augmentation, shape, mask_shape)
        lines.append("  tried on an image of noise: works")
    return "\n".join(lines)


def stages(augmentation, size=(None, None)):
    """The operations of a call, in lists of operations that are run as one."""
    operations = _operations(augmentation, size)
    found: list = []
    for operation in operations:
        if found and _belongs(found[-1], operation):
            found[-1].append(operation)
        else:
            found.append([operation])
    return found


def _operations(augmentation, size):
    drawn = augmentation._draw(0, 1)
    # For an unknown side: large enough for crops, or small enough for paddings.
    for side in (1024, 64, 8):
        known = tuple(side if n is None else n for n in size)
        view = _AnyMasks(Spec(known, ANY), owner=augmentation)
        try:
            return augmentation._planned(drawn, view)[0]
        except ValueError:
            if None not in size or side == 8:
                raise
    raise AssertionError


def _belongs(stage, operation):
    geometry = isinstance(stage[0], Warp) and isinstance(operation, Warp)
    return shared(stage, operation) if geometry else stage[-1].origin is operation.origin


class _AnyMasks(View):
    """Shows a mask of one pixel: the choice of a window does not matter here."""

    @property
    def masks(self):
        return [ops.zeros((1, 1, 1, 1), dtype="uint8")]


def heading(augmentation, found):
    count = sum(len(titles(stage)) for stage in found)
    plural = ("layer" if count == 1 else "layers", "stage" if len(found) == 1 else "stages")
    return (
        f"{type(augmentation).__name__} {augmentation.name!r}: {count} {plural[0]} in "
        f"{len(found)} {plural[1]}, seed {augmentation.seed}"
    )


def titles(stage):
    """The names of the layers of a stage, each once."""
    drawn: dict = {}
    for each in stage:
        drawn |= _origins(each)
    return [
        title(layer) + (", for samples that are drawn" if gated else "")
        for layer, gated in drawn.items()
    ]


def _origins(operation):
    """{origin layer: is it applied only to drawn samples?}; for a choice, of all its branches."""
    if not isinstance(operation, ColorChoice):
        return {operation.origin: operation.acts is not None}
    return {
        origin: True
        for branch in operation.branches
        for each in branch
        for origin in _origins(each)
    }


def manner(stage):
    """How a stage is run."""
    if isinstance(stage[0], Warp):
        lookup = lookup_of(stage)
        how = [lookup.interpolation or "pixels are moved, not blended"]
        how += [f"outside: {lookup.border.mode}"] if lookup.border else []
        return f"one lookup of image and mask ({', '.join(how)})"
    names = {
        Color: "the image only",
        Labels: "the mask only",
        Write: "pixels of the image (and mask) are written",
    }
    said = [text for kind, text in names.items() if isinstance(stage[0], kind)]
    return said[0] if said else "image and mask"


def apart(before, stage):
    """Why geometry that follows geometry has a lookup of its own."""
    if not before or not isinstance(before[-1][0], Warp) or not isinstance(stage[0], Warp):
        return ""
    others = differences(before[-1], stage[0])
    alone = f", not merged with stage {len(before)}: "
    return f"{alone}another {' and '.join(others)}" if others else ""


def compilation(augmentation, size):
    on_torch = backend.name() == "torch"
    if augmentation._program.compiles(size, {"images": keras.ops.zeros((1, 1, 1, 3))}):
        return f"yes, all stages as one program of {'torch.compile' if on_torch else 'XLA'}"
    if not augmentation.jit_compile:
        return "no, jit_compile=False"
    return f"no, {'torch compiles on CUDA' if on_torch else 'height or width is not known'}"


def spec(tensor):
    return f"{tuple(tensor.shape)} {keras.backend.standardize_dtype(tensor.dtype)}"


def try_out(augmentation, shape, mask_shape):
    """Runs one call without compilation, so that layers can raise errors about such images."""
    images = np.random.default_rng(0).integers(0, 256, shape, "uint8")
    masks = np.zeros(mask_shape, "uint8")
    leaves = [leaf for leaf, _ in augmentation._leaves(Spec((None, None), ANY))]
    palettes = [layer.palette for layer in leaves if hasattr(layer, "palette")]
    if palettes and mask_shape[-1] == 3:
        # Any other color would be unknown.
        masks[:] = palettes[0][0][0]
    data = {"images": images, "masks": masks}
    augmentation.apply(data, augmentation.draw_parameters(data, 0))
