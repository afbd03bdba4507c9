"""Small made-up samples, and conversions."""

import functools
import json
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from keras_segaug.core.compilation import Compiled

CT = Path(__file__).parents[1] / "examples" / "data" / "ct"


def to_numpy(tensors):
    return keras.tree.map_structure(
        lambda x: x if isinstance(x, np.ndarray) else np.asarray(keras.ops.convert_to_numpy(x)),
        tensors,
    )


# Compiled for a CPU, and as it runs elsewhere.
COMPILED = [False, True] if keras.backend.backend() != "torch" else [False]


def run(function, tensors, compiled):
    """Runs a function of tensors as a layer does."""
    tensors = [keras.ops.convert_to_tensor(each) for each in tensors]
    program = Compiled(lambda *given: None, lambda nest, _: function(*nest), compiled)
    return to_numpy(program(tensors, None, (1, 1)))


def gradient_of(function, values):
    """The gradient of a function of one tensor, as numpy."""
    if keras.backend.backend() == "jax":
        import jax

        return np.asarray(jax.grad(function)(values))
    if keras.backend.backend() == "torch":
        tensor = keras.ops.convert_to_tensor(values).requires_grad_()
        function(tensor).backward()
        return tensor.grad.numpy()
    import tensorflow as tf

    tensor = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        result = function(tensor)
    return tape.gradient(result, tensor).numpy()


def dtype_of(tensor):
    return keras.backend.standardize_dtype(tensor.dtype)


def as_held(dtype):
    """The dtype in which the Keras backend holds an array of this dtype."""
    return dtype_of(keras.ops.convert_to_tensor(np.zeros(1, dtype)))


def random_images(count=3, height=16, width=14, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, channels), "uint8")


def labels(count=3, height=16, width=14, classes=5, seed=1, dtype="uint8"):
    """Masks with blocks of classes, so that a nearest lookup meets whole areas."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, classes, (count, -(-height // 2), -(-width // 2)))
    return coarse.repeat(2, 1).repeat(2, 2)[:, :height, :width].astype(dtype)


def mask_for(case, count=3, height=16, width=14, **options):
    """A mask that the case's layer accepts: colored for the layer that reads colors."""
    mask = labels(count, height, width, **options)
    if "palette" in case.arguments:
        return mask[..., None].repeat(3, -1)
    return mask


@functools.cache
def ct_slices():
    """Real CT slices: images (N, H, W, 1), masks of organ ids (N, H, W), uint8, and {name: id}."""
    images, masks = (
        np.stack([np.array(Image.open(path)) for path in sorted((CT / folder).glob("*.png"))])
        for folder in ("images", "masks")
    )
    labels = json.loads((CT / "classes.json").read_text())["labels"]
    return images[..., None], masks, {entry["name"]: int(i) for i, entry in labels.items()}
