"""How to call an augmentation: one small class for each style."""

import contextlib
import random as python_random
import sys

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.checks.batches import one_sample
from keras_segaug.checks.views import one_result
from keras_segaug.core.layer import AugmentationLayer

OWNER = "check_alignment"


class CallError(ValueError):
    """The augmentation was called in a way that does not fit it: an error, not a finding."""


class Caller:
    """Calls an augmentation on batches of numpy arrays.

    Args:
        augmentation: what is called.
        batched: are whole batches passed?
    """

    # Do masks have a channel axis by default in this style?
    mask_channel = False
    batched_by_default = False

    def __init__(self, augmentation, batched=None):
        self.augmentation = augmentation
        self.batched = self.batched_by_default if batched is None else batched

    def run(self, batches):
        """Lists of (image, mask) pairs from a list of (images, masks)."""
        return [self.run_batch(images, masks) for images, masks in batches]

    def run_batch(self, images, masks):
        if self.batched:
            return _split(*self.call(images, masks))
        results = [self.call(i, m) for i, m in zip(images, masks, strict=True)]
        return [(_numpy(image), _numpy(mask)) for image, mask in results]

    def call(self, images, masks):
        """Image and mask, or a batch of them."""
        return _pair(self.augmentation(images, masks), self.augmentation)

    @contextlib.contextmanager
    def restarted(self):
        """A caller whose random numbers start over each time, if that is possible."""
        with _global_seeds():
            yield self


class Layer(Caller):
    """A layer of this package: `layer(images, masks)`."""

    batched_by_default = True

    def __init__(self, augmentation, batched=None):
        super().__init__(augmentation, batched)
        self.channels_first = getattr(augmentation, "data_format", None) == "channels_first"

    def call(self, images, masks):
        images = np.moveaxis(images, -1, -3) if self.channels_first else images
        result, moved = self.invoke(images, masks)
        result = _numpy(result)
        return np.moveaxis(result, -3, -1) if self.channels_first else result, moved

    def invoke(self, images, masks):
        return self.augmentation(images, masks)

    @contextlib.contextmanager
    def restarted(self):
        # A layer with its own seed must not need the global one.
        seeded = getattr(self.augmentation, "seed", None) is not None
        with contextlib.nullcontext() if seeded else _global_seeds():
            layer = self.augmentation
            yield type(self)(type(layer).from_config(layer.get_config()), self.batched)


class KerasLayer(Layer):
    """A layer of Keras: `layer({"images": ..., "segmentation_masks": ...})`."""

    mask_channel = True

    def invoke(self, images, masks):
        data = {"images": images, "segmentation_masks": masks}
        result = self.augmentation(data)
        if not isinstance(result, dict) or set(data) - set(result):
            raise CallError(
                f"{OWNER}: {_describe(self.augmentation)} gave no dict with 'images' and "
                "'segmentation_masks'. Pass `call=`, a function (augmentation, images, masks) "
                "-> (images, masks) that calls it."
            )
        return result["images"], result["segmentation_masks"]


class Mapped(Caller):
    """A layer, or a function (image, mask), inside `tf.data.Dataset.map`."""

    batched_by_default = True

    def __init__(self, augmentation, batched=None):
        super().__init__(augmentation, batched)
        self.inner = style_of(augmentation)(augmentation, self.batched)
        self.mask_channel = self.inner.mask_channel

    def run(self, batches):
        import tensorflow as tf

        images, masks = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
        dataset = tf.data.Dataset.from_tensor_slices((images, masks))
        if self.batched:
            dataset = dataset.batch(len(batches[0][0]))
        invoke = getattr(self.inner, "invoke", self.inner.call)
        pairs: list = []
        for image, mask in dataset.map(invoke).as_numpy_iterator():
            pairs += _split(image, mask) if self.batched else [(image, mask)]
        count = len(batches[0][0])
        return [pairs[i : i + count] for i in range(0, len(pairs), count)]

    @contextlib.contextmanager
    def restarted(self):
        with self.inner.restarted() as inner:
            yield type(self)(inner.augmentation, self.batched)


class Albumentations(Caller):
    """`augmentation(image=..., mask=...)`."""

    def call(self, images, masks):
        if self.batched:
            checks.fail(
                OWNER,
                "batched",
                "False for Albumentations, which take one image",
                True,
                CallError,
            )
        result = self.augmentation(image=images, mask=masks)
        return result["image"], result["mask"]

    @contextlib.contextmanager
    def restarted(self):
        self.augmentation.set_random_seed(20261122)
        yield self


class Torchvision(Caller):
    """`torchvision.transforms.v2`: tv_tensors, channels first."""

    def call(self, images, masks):
        import torch
        from torchvision import tv_tensors

        image = tv_tensors.Image(torch.from_numpy(np.moveaxis(images, -1, -3).copy()))
        result, mask = self.augmentation(image, tv_tensors.Mask(torch.from_numpy(masks.copy())))
        return np.moveaxis(_numpy(result), -3, -1), mask


class Generators(Caller):
    """Two `ImageDataGenerator`s, one for images and one for masks, with one seed."""

    mask_channel = True
    batched_by_default = True
    _seed = 20261122

    def run(self, batches):
        # One seed per call, just as `flow` makes one for each batch of an epoch.
        results = []
        for call, (images, masks) in enumerate(batches):
            flows = [
                generator.flow(array, batch_size=len(array), shuffle=False, seed=self._seed + call)
                for generator, array in zip(self.augmentation, (images, masks), strict=True)
            ]
            results.append(_split(*(next(flow) for flow in flows)))
        return results

    @contextlib.contextmanager
    def restarted(self):
        yield self


class Custom(Caller):
    """The user's own way: a function (augmentation, images, masks) -> (images, masks)."""

    def __init__(self, augmentation, batched, function):
        super().__init__(augmentation, batched)
        self.function = function

    def call(self, images, masks):
        return _pair(self.function(self.augmentation, images, masks), self.function)


STYLES = {
    "layer": Layer,
    "keras": KerasLayer,
    "map": Mapped,
    "albumentations": Albumentations,
    "torchvision": Torchvision,
    "generators": Generators,
    "function": Caller,
}


def caller_of(augmentation, call, batched):
    """The caller for an augmentation: by its type, or as `call` says."""
    if batched is not None and not isinstance(batched, bool):
        checks.fail(OWNER, "batched", "True, False or None", batched)
    if callable(call):
        return Custom(augmentation, batched, call)
    if call is not None:
        checks.one_of(OWNER, "call", call, tuple(STYLES))
        return STYLES[call](augmentation, batched)
    return style_of(augmentation)(augmentation, batched)


def style_of(augmentation):
    one_result(OWNER, augmentation)
    one_sample(OWNER, augmentation)
    if isinstance(augmentation, AugmentationLayer):
        return Layer
    if isinstance(augmentation, keras.layers.Layer):
        return KerasLayer
    packages = {base.__module__.partition(".")[0] for base in type(augmentation).__mro__}
    for package, style in (("albumentations", Albumentations), ("torchvision", Torchvision)):
        if package in packages:
            return style
    if isinstance(augmentation, (tuple, list)) and len(augmentation) == 2:
        if all(hasattr(generator, "flow") for generator in augmentation):
            return Generators
    elif callable(augmentation):
        return Caller
    raise TypeError(
        f"{OWNER}: `augmentation` must be a keras_segaug or Keras layer, an Albumentations or "
        "torchvision transform, a pair of ImageDataGenerators, or a function (image, mask) -> "
        f"(image, mask). Received: {_describe(augmentation)}. For anything else pass `call=`, a "
        "function (augmentation, images, masks) -> (images, masks)."
    )


@contextlib.contextmanager
def _global_seeds():
    """Sets the global seeds, and restores Python's and numpy's states afterwards."""
    state = python_random.getstate(), np.random.get_state()
    keras.utils.set_random_seed(20261122)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(20261122)
    try:
        yield
    finally:
        python_random.setstate(state[0])
        np.random.set_state(state[1])


def _pair(result, function):
    if isinstance(result, (tuple, list)) and len(result) == 2:
        return tuple(result)
    raise CallError(
        f"{OWNER}: {_describe(function)} must return a pair (image, mask). Received a "
        f"{type(result).__name__}. If it takes or gives something else, pass `call=`, a function "
        "(augmentation, images, masks) -> (images, masks)."
    )


def _describe(thing):
    return getattr(thing, "__name__", None) or f"a {type(thing).__name__}"


def _split(images, masks):
    images, masks = _numpy(images), _numpy(masks)
    if len(images) != len(masks):
        raise CallError(
            f"{OWNER}: the augmentation gave images of shape {images.shape} and masks of shape "
            f"{masks.shape}: not as many masks as images."
        )
    return list(zip(images, masks, strict=True))


def _numpy(tensor):
    if isinstance(tensor, np.ndarray):
        return tensor
    if type(tensor).__module__.partition(".")[0] in ("torch", "torchvision"):
        return tensor.detach().cpu().numpy()
    return np.asarray(tensor)
