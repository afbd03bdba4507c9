"""Draws of an augmentation, as arrays to look at."""

import keras
import numpy as np

from keras_segaug.checks.views import one_result
from keras_segaug.core import random
from keras_segaug.core.backend import ops
from keras_segaug.core.inputs import Inputs
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.layer_types import MaskOnlyLayer
from keras_segaug.core.value_ranges import ANY
from keras_segaug.engine.batch import Batch
from keras_segaug.engine.execute import run
from keras_segaug.engine.operations import Labels
from keras_segaug.engine.spec import Spec

_NO_IMAGES = "`images` must hold at least one image, in an array or a list of arrays."


class Owner(str):
    """The name of a function, for messages, and how the images it was given are laid out."""

    data_format: str

    def __new__(cls, name, augmentation=None):
        self = super().__new__(cls, name)
        fallback = keras.config.image_data_format()
        self.data_format = getattr(augmentation, "data_format", None) or fallback
        return self


def arrays_of(owner, data):
    """Images (B, H, W, C) and the one mask (B, H, W, K), or None, from any accepted structure."""
    inputs = Inputs(owner, data)
    masks = keras.tree.flatten(inputs.tensors.get("masks", []))
    if len(masks) > 1:
        raise ValueError(f"{owner}: shows one mask an image. Received {len(masks)}.")
    layouts = inputs.layouts()
    packed = [inputs.image_layout.pack(inputs.images)]
    packed += [layouts["masks"][0].pack(mask) for mask in masks]
    images, mask, *_ = [np.asarray(keras.ops.convert_to_numpy(t)) for t in packed] + [None]
    return images, mask


def batches_of(owner, images, masks):
    """[(images, masks)]: one batch if all images have the same size, else one each."""
    if hasattr(images, "shape"):
        if 0 in images.shape:
            raise ValueError(f"{owner}: {_NO_IMAGES} Received shape {tuple(images.shape)}.")
        single = len(images.shape) == 3
        images = images[None] if single else images
        return [(images, masks[None] if single and masks is not None else masks)]
    if not isinstance(images, (list, tuple)) or not images:
        raise ValueError(f"{owner}: {_NO_IMAGES} Received none.")
    masks = [None] * len(images) if masks is None else masks
    if len(masks) != len(images):
        raise ValueError(f"{owner}: {len(images)} images came with {len(masks)} masks.")
    images = [np.asarray(keras.ops.convert_to_numpy(image)) for image in images]
    masks = [m if m is None else np.asarray(keras.ops.convert_to_numpy(m)) for m in masks]
    if len({(i.shape, getattr(m, "shape", None)) for i, m in zip(images, masks, strict=True)}) == 1:
        return [(np.stack(images), None if masks[0] is None else np.stack(masks))]
    return [(i[None], m if m is None else m[None]) for i, m in zip(images, masks, strict=True)]


def draw(owner, augmentation, batches, seed, number):
    """The draw of this number: [(images, masks, parameters)], one entry per batch.

    Parameters are those of `draw_parameters`; None for a function that is not a layer of this
    package. An image's draw does not depend on how often the layer was called or, unless the layer
    mixes samples, on the other images.
    """
    one_result(owner, augmentation)
    drawn, start = [], 0
    for images, masks in batches:
        data = images if masks is None else (images, masks)
        parameters = None
        if isinstance(augmentation, AugmentationLayer):
            indices = ops.arange(start, start + len(images), dtype="int32")
            keys = random.fold_in(random.key(seed, number), indices)
            parameters = augmentation.draw_parameters(data, keys)
            result = augmentation.apply(data, parameters)
        else:
            result = augmentation(images) if masks is None else augmentation(images, masks)
        start += len(images)
        drawn.append((*arrays_of(owner, result), parameters))
    return drawn


def coded(augmentation, images, masks):
    """Masks (B, H, W, K) as the augmentation's `MaskOnly` layers code them, with nothing else."""
    if not isinstance(augmentation, AugmentationLayer):
        return masks
    coding = [
        Labels(function=leaf.transform_mask)
        for leaf, _ in augmentation._leaves(Spec((None, None), ANY, acting=False))
        if isinstance(leaf, MaskOnlyLayer)
    ]
    batch = run(coding, Batch(None, [ops.convert_to_tensor(masks)], []), None)
    return np.asarray(keras.ops.convert_to_numpy(batch.masks[0]))
