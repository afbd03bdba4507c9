"""Reads any accepted structure of images, masks and weights; writes the caller's structure back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_segaug import backend, checks
from keras_segaug.backend import ops

IMAGE_KEYS = ("images", "image")
MASK_KEYS = ("segmentation_masks", "segmentation_mask", "masks", "mask")
WEIGHT_KEYS = ("sample_weights", "sample_weight")
LABEL_KEYS = ("labels", "label")
ROLES = {"images": IMAGE_KEYS, "masks": MASK_KEYS, "sample_weights": WEIGHT_KEYS}


class Sample:
    """What one call brought: `tensors` by role, and the structure to give back.

    Args:
        owner: the layer, for error messages and its `data_format`.
        data: images; or a tuple or list of images, masks and weights; or a mapping.
        masks: one mask or a structure of them, where `data` is the images alone.
        sample_weights: per-pixel weights, where `data` is the images alone.
        checked: the `tensors` of another sample, which need not be looked at again.
    """

    def __init__(self, owner, data, masks=None, sample_weights=None, checked=False):
        self._owner = owner
        self._data = data
        if isinstance(data, (Mapping, tuple, list)) and (
            masks is not None or sample_weights is not None
        ):
            raise ValueError(
                f"{checks.name_of(owner)}: pass either one structure or separate tensors. Received "
                f"a {type(data).__name__} together with `masks` or `sample_weights`."
            )
        if isinstance(data, Mapping):
            self._keys = {role: self._find_key(role) for role in ROLES}
        else:
            self._data = self._as_sequence(data, masks, sample_weights)
            self._keys = {
                role: position if position < len(self._data) else None
                for position, role in enumerate(ROLES)
            }
        self.tensors = {
            role: self._data[key]
            for role, key in self._keys.items()
            if key is not None and self._data[key] is not None
        }
        if not checked:
            self._check()

    @property
    def images(self):
        return self.tensors["images"]

    def write(self, tensors):
        """The caller's structure with these tensors by role; the caller's own stays untouched."""
        changed = {self._keys[role]: value for role, value in tensors.items()}
        if isinstance(self._data, Mapping):
            return {**self._data, **changed}
        values = [changed.get(position, value) for position, value in enumerate(self._data)]
        return values[0] if self._bare else type(self._data)(values)

    def layouts(self):
        """The layout of every tensor, by role, in the same structure as `tensors`."""
        first = self._owner.data_format == "channels_first"
        images = Layout(len(self.images.shape) == 4, "first" if first else "last", first)
        size = images.packed_shape(self.images.shape)[1:3]

        def layout(tensor):
            shape, batched = tuple(tensor.shape), images.batched
            if len(shape) == 2 + batched:
                return Layout(batched, None, first)
            last = Layout(batched, "last", first)
            # A mask may keep its classes last beside channels-first images.
            if not first or (
                _differ(shape[-2:], size) and not _differ(last.packed_shape(shape)[1:3], size)
            ):
                return last
            return Layout(batched, "first", first)

        rest = {role: value for role, value in self.tensors.items() if role != "images"}
        return {"images": images, **keras.tree.map_structure(layout, rest)}

    def _as_sequence(self, data, masks, sample_weights):
        self._bare = False
        if not isinstance(data, (tuple, list)):
            self._bare = masks is None and sample_weights is None
            data = (data,) if self._bare else (data, masks, sample_weights)
            return data[:2] if sample_weights is None else data
        if not 1 <= len(data) <= 3:
            raise ValueError(
                f"{checks.name_of(self._owner)}: a {type(data).__name__} must hold (images,), "
                "(images, masks) or (images, masks, sample_weights). Received "
                f"{len(data)} entries."
            )
        return data

    def _find_key(self, role):
        present = [key for key in ROLES[role] if key in self._data]
        if len(present) > 1 or (role == "images" and not present):
            raise ValueError(
                f"{checks.name_of(self._owner)}: the mapping must have "
                f"{'exactly' if role == 'images' else 'at most'} one of the keys "
                f"{', '.join(map(repr, ROLES[role]))}. Received keys: {list(self._data)}."
            )
        return present[0] if present else None

    def _check(self):
        owner = checks.name_of(self._owner)
        if "images" not in self.tensors:
            raise ValueError(f"{owner}: images are missing. Received None.")
        for role, tensors in self.tensors.items():
            for value in keras.tree.flatten(tensors):
                if not hasattr(value, "shape") or not hasattr(value, "dtype"):
                    raise ValueError(
                        f"{owner}: images, masks and weights must be tensors or arrays. "
                        f"Received: {value!r} of type {type(value).__name__}."
                    )
                checks.numeric(self._owner, role, value)
        rank = len(self.images.shape)
        if rank not in (3, 4):
            raise ValueError(
                f"{owner}: images must be (height, width, channels) or (batch, height, width, "
                f"channels). Received shape {tuple(self.images.shape)}."
            )
        self._leave_out_weights_without_pixels(rank)
        for role in ("masks", "sample_weights"):
            for tensor in keras.tree.flatten(self.tensors.get(role, [])):
                if len(tensor.shape) not in (rank - 1, rank):
                    self._fail_shapes(role, tensor)
        layouts = self.layouts()
        shape = layouts["images"].packed_shape(self.images.shape)
        checks.pixels(self._owner, shape)
        self._check_sizes(layouts, shape[1:3])
        self._check_labels(shape[1:3])
        for mask in keras.tree.flatten(self.tensors.get("masks", [])):
            self._check_whole_numbers(mask)

    def _check_sizes(self, layouts, size):
        for role in ("masks", "sample_weights"):
            pairs = zip(
                keras.tree.flatten(self.tensors.get(role, [])),
                keras.tree.flatten(layouts.get(role, [])),
                strict=True,
            )
            for tensor, layout in pairs:
                batched = layouts["images"].batched
                if _differ(layout.packed_shape(tensor.shape)[1:3], size) or (
                    batched and _differ(tensor.shape[:1], self.images.shape[:1])
                ):
                    self._fail_shapes(role, tensor)

    def _leave_out_weights_without_pixels(self, rank):
        """One weight a picture is no business of geometry: it passes through."""
        weights = self.tensors.get("sample_weights")
        if len(getattr(weights, "shape", [None] * rank)) < rank - 1:
            del self.tensors["sample_weights"]

    def _fail_shapes(self, role, tensor):
        raise ValueError(
            f"{checks.name_of(self._owner)}: {role} must have the height, width and batch size of "
            "the images, with or without a channel axis. Received images of shape "
            f"{tuple(self.images.shape)} and {role} of shape {tuple(tensor.shape)} "
            f"(data_format={self._owner.data_format!r})."
        )

    def _check_labels(self, size):
        if not isinstance(self._data, Mapping):
            return
        batched = len(self.images.shape) == 4
        for key in LABEL_KEYS:
            shape = tuple(getattr(self._data.get(key), "shape", None) or ())[batched:]
            if len(shape) >= 2 and None not in size and shape[:2] == tuple(size):
                raise ValueError(
                    f"{checks.name_of(self._owner)}: {key!r} has the height and width of the "
                    "images and would stay behind while they move. Rename the key to "
                    "'segmentation_masks'. Received "
                    f"{key!r} of shape {tuple(self._data[key].shape)}."
                )

    def _check_whole_numbers(self, mask):
        if "float" not in str(mask.dtype) or not backend.is_eager(mask):
            return
        numpy = isinstance(mask, np.ndarray)
        fractional = np.any(mask != np.floor(mask)) if numpy else ops.any(mask != ops.floor(mask))
        if bool(fractional):
            raise ValueError(
                f"{checks.name_of(self._owner)}: a mask must hold whole numbers (class ids, or 0 "
                f"and 1). Received a {mask.dtype} mask with fractional values; was it rescaled, "
                "or resized with interpolation?"
            )


def _differ(shape, other):
    """Do two shapes contradict each other where both are known?"""
    return any(
        a is not None and b is not None and a != b for a, b in zip(shape, other, strict=True)
    )


@dataclass(frozen=True)
class Layout:
    """How a tensor is laid out, to and from (B, H, W, C)."""

    batched: bool
    channels: str | None  # "first", "last", or None where the tensor has no channel axis
    channels_first: bool  # where a new channel axis goes

    def pack(self, tensor):
        tensor = ops.convert_to_tensor(tensor)
        tensor = tensor if self.batched else tensor[None]
        if self.channels == "first":
            return ops.transpose(tensor, (0, 2, 3, 1))
        return tensor[..., None] if self.channels is None else tensor

    def unpack(self, tensor):
        if self.channels is None and tensor.shape[-1] == 1:
            tensor = tensor[..., 0]
        elif self._gives_first():
            tensor = ops.transpose(tensor, (0, 3, 1, 2))
        return tensor if self.batched else tensor[0]

    def packed_shape(self, shape):
        shape = tuple(shape) if self.batched else (1, *shape)
        if self.channels == "first":
            return (shape[0], *shape[2:], shape[1])
        return (*shape, 1) if self.channels is None else shape

    def unpacked_shape(self, shape):
        batch, height, width, channels = shape
        if self.channels is None and channels == 1:
            shape = (batch, height, width)
        elif self._gives_first():
            shape = (batch, channels, height, width)
        return tuple(shape) if self.batched else tuple(shape[1:])

    def _gives_first(self):
        return self.channels == "first" or (self.channels is None and self.channels_first)


@dataclass
class Batch:
    """Tensors as the kernels take them: (B, H, W, C), masks and weights as flat lists.

    Between two layers that change colours, images may be a list of their channels.
    """

    images: Any
    masks: list
    weights: list

    def size(self):
        """Height and width."""
        images = self.images[0] if isinstance(self.images, list) else self.images
        return ops.shape(images)[1:3]
