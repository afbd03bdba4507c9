"""Reads any accepted structure of images, masks and weights; writes the caller's structure back."""

import ast
from collections.abc import Mapping

import keras

from keras_segaug import checks
from keras_segaug.checks import input_tensors
from keras_segaug.core import targets
from keras_segaug.core.backend import ops
from keras_segaug.core.tensor_layout import Layout, PointLayout, layout_beside

IMAGE_KEYS = ("images", "image")
MASK_KEYS = ("segmentation_masks", "segmentation_mask", "masks", "mask")
WEIGHT_KEYS = ("sample_weights", "sample_weight")
ROLES = {"images": IMAGE_KEYS, "masks": MASK_KEYS, "sample_weights": WEIGHT_KEYS}
# The key under which `Inputs.tensors` has what `targets` names: no caller's structure has it.
_MORE = "keras_segaug.core.targets"


class Inputs:
    """What one call brought: `tensors` by role, and the structure to return.

    What `targets` names is in one further entry of `tensors`, again by role.

    Args:
        owner: the layer, for error messages, its `data_format` and its `targets`.
        data: images; or a tuple or list of images, masks and weights; or a mapping.
        masks: one mask or a structure of them, where `data` is only the images.
        sample_weights: per-pixel weights, where `data` is only the images.
        checked: `data` are the `tensors` of another `Inputs`, which were checked already.
    """

    def __init__(self, owner, data, masks=None, sample_weights=None, checked=False):
        self._owner = owner
        self._data = self.tensors = data
        # A model calls its layers again with the tensors that they were first called with.
        again = isinstance(data, Mapping) and _MORE in data
        self._checked = checked or again
        if self._checked:
            if not checked:
                self._check()
            return
        structured = isinstance(data, (Mapping, tuple, list))
        if structured and (masks is not None or sample_weights is not None):
            raise ValueError(
                f"{checks.name_of(owner)}: pass either one structure or separate tensors. Received "
                f"a {type(data).__name__} together with `masks` or `sample_weights`. Write "
                "layer((images, masks)) or layer(images, masks). "
                f"{input_tensors.CURES[isinstance(data, Mapping)]}"
            )
        fields = getattr(data, "_fields", ())
        # The field names of a named tuple count if one of them names the images.
        self._named_tuple = type(data) if set(fields) & set(IMAGE_KEYS) else None
        data = data._asdict() if self._named_tuple else data
        self._data = self._as_structure(data, masks, sample_weights)
        self._claimed = targets.claimed(owner, self._data, structured)
        self._keys = {role: self._find_key(place, role) for place, role in enumerate(ROLES)}
        self.tensors = {
            role: value
            for role, key in self._keys.items()
            if key is not None
            and (value := targets.without(self._data[key], self._claimed, (key,))) is not None
            and not (isinstance(value, Mapping) and not value)
        }
        more: dict = {}
        for path, role in self._claimed.items():
            if role != "ignore" and self._at(path) is not None:
                more.setdefault(role, {})[_name_of(path)] = self._at(path)
        self.tensors |= {_MORE: more} if getattr(owner, "targets", None) else {}
        self._check()

    @property
    def images(self):
        return self.tensors["images"]

    def write(self, tensors):
        """The caller's structure with these tensors by role; the caller's own stays untouched."""
        if self._checked:
            return tensors
        main = {self._keys[role]: tensors[role] for role in tensors if role != _MORE}
        more = tensors.get(_MORE, {})
        named = {
            path: more.get(role, {}).get(_name_of(path), self._at(path))
            for path, role in self._claimed.items()
        }
        if isinstance(self._data, Mapping):
            written = targets.put_back(self._data, {**self._data, **main}, named)
            return self._named_tuple(**written) if self._named_tuple else written
        values = [
            targets.put_back(value, main.get(place, value), named, (place,))
            for place, value in enumerate(self._data)
        ]
        # A named tuple cannot be made from a list.
        make = getattr(type(self._data), "_make", type(self._data))
        return values[0] if self._bare else make(values)

    # --- By role ---

    def flat(self):
        """{role: the tensors of this role in a list}, those that `targets` names included."""
        nested = {**self.tensors, **self.tensors.get(_MORE, {})}
        return {k: keras.tree.flatten(value) for k, value in nested.items() if k != _MORE}

    def structured(self, flat):
        """The structure of `tensors` from lists as `flat` returns them."""
        more = self.tensors.get(_MORE)

        def packed(like, roles):
            return {role: keras.tree.pack_sequence_as(like[role], flat[role]) for role in roles}

        result = packed(self.tensors, [role for role in self.tensors if role != _MORE])
        return result if more is None else {**result, _MORE: packed(more, more)}

    def mask_names(self):
        """The keys under which the masks came, in order; "" for a mask without one."""
        masks = self.tensors.get("masks")
        found = [] if masks is None else keras.tree.flatten_with_path(masks)
        names = [str(path[-1]) if path else "" for path, _ in found]
        # Masks that `targets` names are kept by their path.
        more = self.tensors.get(_MORE, {}).get("mask", {})
        names += [str(ast.literal_eval(name)[-1]) for name in sorted(more)]
        return tuple(names)

    def layouts(self):
        """{role: the layouts of the tensors of this role}, in the order of `flat`."""
        first = self._owner.data_format == "channels_first"
        images = self.image_layout
        size = images.packed_shape(self.images.shape)[1:3]
        return {
            role: [
                images
                if role == "images"
                else PointLayout(images.batched)
                if role == "points"
                else layout_beside(images, size, tuple(tensor.shape), first)
                for tensor in tensors
            ]
            for role, tensors in self.flat().items()
        }

    @property
    def image_layout(self):
        first = self._owner.data_format == "channels_first"
        return Layout(len(self.images.shape) == 4, "first" if first else "last", first)

    def sizes(self):
        """What programs are compiled for: height, width, and how many points there are."""
        size = self.image_layout.packed_shape(self.images.shape)[1:3]
        counts = [n for points in self.flat().get("points", []) for n in points.shape[:-1]]
        return (*size, *counts)

    def size(self):
        """(height, width) of the images, numbers where they are known."""
        return tuple(self.image_layout.packed_shape(ops.shape(self.images))[1:3])

    def packed(self):
        """The lists of `flat` as the kernels take them, (B, H, W, C)."""
        layouts = self.layouts()
        return {
            role: [layout.pack(x) for layout, x in zip(layouts[role], tensors, strict=True)]
            for role, tensors in self.flat().items()
        }

    def unpacked(self, packed):
        """The structure of `tensors` from what became of the lists of `packed`."""
        layouts, given = self.layouts(), self.flat()
        flat = {
            role: [
                layout.unpack_like(x, like) if role == "points" else layout.unpack(x)
                for layout, x, like in zip(layouts[role], tensors, given[role], strict=True)
            ]
            for role, tensors in packed.items()
        }
        return self.structured(flat)

    # --- The caller's structure ---

    def _at(self, path):
        value = self._data
        for key in path:
            value = value[key]
        return value

    def _as_structure(self, data, masks, sample_weights):
        self._bare = False
        if isinstance(data, Mapping):
            return data
        if not isinstance(data, (tuple, list)):
            self._bare = masks is None and sample_weights is None
            data = (data,) if self._bare else (data, masks, sample_weights)
            return data[:2] if sample_weights is None else data
        named = getattr(self._owner, "targets", None) or {}
        if not data or any(str(place) not in named for place in range(3, len(data))):
            raise ValueError(
                f"{checks.name_of(self._owner)}: a {type(data).__name__} must hold (images,), "
                "(images, masks) or (images, masks, sample_weights); further entries need a role, "
                f"such as `targets={{3: 'image'}}`. Received {len(data)} entries."
            )
        return data

    def _find_key(self, place, role):
        """The key of a role: its name in a mapping, its place elsewhere; None without one."""
        if isinstance(self._data, Mapping):
            there: list = [key for key in ROLES[role] if key in self._data]
        else:
            there = [place] if place < len(self._data) else []
        free = [key for key in there if (key,) not in self._claimed]
        if role == "images" and not free:
            # To give the images the role "image" in `targets` is allowed, and changes nothing.
            free = [key for key in there if self._claimed[key,] == "image"]
            self._claimed = {path: r for path, r in self._claimed.items() if path != (*free[:1],)}
        if len(free) > 1 or (role == "images" and not free):
            owner = checks.name_of(self._owner)
            if there and not free:
                raise ValueError(
                    f"{owner}: the images ({there[0]!r}) must have the role 'image', or none. "
                    f"Received: targets={dict(self._owner.targets)}."
                )
            cure = (
                " Give the others a role in `targets`."
                if free
                else " Give the entry that holds the images such a name."
            )
            raise ValueError(
                f"{owner}: the mapping must have "
                f"{'exactly' if role == 'images' else 'at most'} one of the keys "
                f"{', '.join(map(repr, ROLES[role]))}. Received keys: {list(self._data)}.{cure}"
            )
        return free[0] if free else None

    def _check(self):
        input_tensors.check_tensors(self._owner, self)
        weights = self.tensors.get("sample_weights")
        if input_tensors.is_without_pixels(weights, self.image_layout):
            # One weight for each image does not concern geometry: it passes through.
            del self.tensors["sample_weights"]
        input_tensors.check_shapes(self._owner, self)
        if (
            isinstance(self._data, Mapping)
            and hasattr(self._owner, "targets")
            and not self._checked
        ):
            rest = targets.without(self._data, self._claimed, ())
            rest = {k: value for k, value in rest.items() if k not in self._keys.values()}
            targets.refuse_what_stays(self._owner, rest, self.images, self.image_layout)
        input_tensors.check_values(self._owner, self)


def _name_of(path):
    # Not joined: "a/b" and "b" within "a" are different paths.
    return str(path)
