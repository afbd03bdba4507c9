"""What an augmentation is run as, in words."""

import math

import keras
import numpy as np

from keras_segaug.core import backend
from keras_segaug.core.inputs import Sample
from keras_segaug.core.layer_types import ImageOnlyLayer, JointLayer, MaskOnlyLayer, shared_lookup
from keras_segaug.core.steps import merged

# Values of images: a call holds several copies of them, in 32 bits each.
_MOST_TRIED = 1 << 26
_LOOKUP = ("interpolation", "fill_mode", "fill_value", "mask_fill_value")


def report(augmentation, shape, mask_shape=None):
    """Lines of text: the merged stages, what is compiled, the shapes that come out.

    Args:
        augmentation: a layer of keras_segaug.
        shape: the images' shape, with or without a batch axis; None where it is not known.
        mask_shape: the masks' shape; None for one class id a pixel.

    Returns:
        A string.
    """
    channel = {"channels_last": -1, "channels_first": -3}[augmentation.data_format]
    if mask_shape is None:
        mask_shape = tuple(np.delete(np.array(shape, dtype=object), channel))
    size = tuple(np.delete(np.array(shape[-3:], dtype=object), channel))
    groups = stages(augmentation)
    lines = [heading(augmentation, groups), ""]
    for number, group in enumerate(groups, 1):
        lines.append(f"  stage {number}: {manner(group)}{border(groups[: number - 1], group)}")
        lines += [f"    {title(*step)}" for step in group]
    lines += ["", f"  compiled: {compilation(augmentation, size)}"]
    given = {
        "images": keras.KerasTensor(shape, "uint8"),
        "masks": keras.KerasTensor(mask_shape, "uint8"),
    }
    # It is looked at as the data of a call are.
    Sample(augmentation, given)
    result = augmentation.compute_output_spec(given)
    lines += [f"  {role}: {spec(given[role])} -> {spec(result[role])}" for role in given]
    if None in (*shape, *mask_shape):
        return "\n".join(lines)
    if math.prod(shape) > _MOST_TRIED:
        lines.append(f"  not tried: a picture of {size[0]} x {size[1]} would take much memory")
    else:
        try_out(augmentation, shape, mask_shape)
        lines.append("  tried on a picture of noise: works")
    return "\n".join(lines)


def stages(augmentation):
    """The leaf layers with drawn parameters, as groups of those that are run as one."""
    return merged(augmentation.steps(augmentation._draw(0, 1)))


def heading(augmentation, groups):
    count = sum(map(len, groups))
    plural = ("layer" if count == 1 else "layers", "stage" if len(groups) == 1 else "stages")
    return (
        f"{type(augmentation).__name__} {augmentation.name!r}: {count} {plural[0]} in "
        f"{len(groups)} {plural[1]}, seed {augmentation.seed}"
    )


def title(layer, parameters):
    name = type(layer).__name__
    # Keras names a layer after its class, and numbers those names.
    if layer.name.replace("_", "").rstrip("0123456789") != name.lower().rstrip("0123456789"):
        name = f"{name} {layer.name!r}"
    return f"{name}, for samples that are drawn" if "applied" in (parameters or {}) else name


def manner(group):
    """How a group is run."""
    kind = group[0][0]
    if isinstance(kind, JointLayer) and not kind.moves:
        return "pixels of the image (and mask) are written"
    if isinstance(kind, JointLayer):
        interpolation, fill_mode, *_ = shared_lookup([layer for layer, _ in group])
        how = [interpolation or "pixels are moved, not blended"]
        how += [f"outside: {fill_mode}"] if fill_mode else []
        return f"one lookup of image and mask ({', '.join(how)})"
    names = {ImageOnlyLayer: "the image only", MaskOnlyLayer: "the mask only"}
    return next((name for base, name in names.items() if isinstance(kind, base)), "image and mask")


def border(before, group):
    """Why geometry that follows geometry has a lookup of its own."""
    geometry = [isinstance(g[0][0], JointLayer) and g[0][0].moves for g in (*before[-1:], group)]
    if not before or not all(geometry):
        return ""
    alone = f", not merged with stage {len(before)}: "
    if group[0][0].looks_at_masks:
        return f"{alone}it looks at the mask first"
    one, other = shared_lookup([layer for layer, _ in before[-1]]), group[0][0].lookup()
    pairs = zip(_LOOKUP, one, other, strict=True)
    others = [name for name, a, b in pairs if None not in (a, b) and a != b]
    return f"{alone}another {' and '.join(others)}" if others else ""


def compilation(augmentation, size):
    if augmentation._program.compiles(size):
        return "yes, all stages as one program of XLA"
    if backend.name() == "torch":
        return "no, the torch backend does not"
    if not augmentation.jit_compile:
        return "no, jit_compile=False"
    return "no, height or width is not known"


def spec(tensor):
    return f"{tuple(tensor.shape)} {keras.backend.standardize_dtype(tensor.dtype)}"


def try_out(augmentation, shape, mask_shape):
    """One call without compilation; raises what the layers have to say about such pictures."""
    images = np.random.default_rng(0).integers(0, 256, shape, "uint8")
    masks = np.zeros(mask_shape, "uint8")
    leaves = [layer for layer, _ in augmentation.steps(None)]
    palettes = [layer.palette for layer in leaves if hasattr(layer, "palette")]
    if palettes and mask_shape[-1] == 3:
        # Another colour would be an unknown one.
        masks[:] = palettes[0][0][0]
    data = {"images": images, "masks": masks}
    augmentation.apply(data, augmentation.draw_parameters(data, 0))
