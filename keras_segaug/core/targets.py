"""What belongs to a sample besides image, mask and weights: its roles, and what is refused."""

import re
from collections.abc import Mapping

import keras

from keras_segaug import checks
from keras_segaug.core.tensor_layout import differ, shape_of

ROLES = ("image", "continuous", "mask", "weights", "points", "ignore")
# The main roles, each with the one that `targets` may name.
IMAGE_ROLES = ("images", "image")
MASK_ROLES = ("masks", "mask")
WEIGHT_ROLES = ("sample_weights", "weights")
_BOXES = {"box", "boxes", "bbox", "bboxes"}
_POINTS = {"point", "points", "keypoint", "keypoints", "landmark", "landmarks"}
_POINTS |= {"polygon", "polygons"}
# What may follow those words, as in "boxes_xyxy" and "keypoints_2d".
_FORMATS = {"xy", "yx", "xyxy", "yxyx", "xywh", "cxcywh", "d", "coords", "coordinates"}
_CORNERS = "Boxes are moved as their corners: give those as points (..., N, 2)."


def checked(owner, targets):
    """The argument `targets`: None, or {key: role} with keys as text, as JSON has them."""
    if targets is None:
        return None
    accepted = f"None or a mapping of keys (or positions) to roles, {_named(ROLES)}"
    if not isinstance(targets, Mapping):
        checks.fail(owner, "targets", accepted, targets)
    for key, role in targets.items():
        position = isinstance(key, int) and not isinstance(key, bool) and key >= 0
        if not position and not isinstance(key, str):
            checks.fail(owner, "targets", f"{accepted}; a key is text or a position", targets)
        if role not in ROLES:
            hint = f" ({_CORNERS[:-1]})" if _last_word(role) in _BOXES else ""
            checks.fail(owner, f"targets[{key!r}]", f"one of {_named(ROLES)}{hint}", role)
    named = {str(key): role for key, role in targets.items()}
    if len(named) < len(targets):
        checks.fail(
            owner, "targets", "a mapping of keys that differ as text (3 and '3' do not)", targets
        )
    return named


def claimed(owner, data, given):
    """{path: role} of what `targets` names in a mapping, a tuple or a list, at any depth.

    Args:
        owner: the layer.
        data: the caller's structure.
        given: did the caller give it as one structure? Then every key named must be there.
    """
    targets = getattr(owner, "targets", None) or {}
    found: dict = {}
    if isinstance(data, Mapping):
        # Positions mean nothing in a mapping, unless a key is named like one.
        needed = {name for name in targets if not name.isdecimal()}
        _search(data, targets, (), found)
    else:
        needed = {name for name in targets if name.isdecimal()}
        for position, value in enumerate(data):
            if str(position) in targets:
                found[position,] = targets[str(position)]
            elif isinstance(value, Mapping):
                words = {name: role for name, role in targets.items() if name not in needed}
                _search(value, words, (position,), found)
    missing = needed - {str(path[-1]) for path in found}
    if missing and given:
        kind = type(data).__name__
        there = list(data) if isinstance(data, Mapping) else list(range(len(data)))
        raise ValueError(
            f"{checks.name_of(owner)}: `targets` names {_named(sorted(missing))}, which the {kind} "
            f"does not have. It has: {there}. Give None for what a sample lacks, or leave the key "
            "out of `targets`."
        )
    return found


def _search(mapping, targets, path, found):
    for key, value in mapping.items():
        if str(key) in targets:
            found[(*path, key)] = targets[str(key)]
        elif isinstance(value, Mapping):
            _search(value, targets, (*path, key), found)


def without(structure, paths, path):
    """The structure at a path without the entries of nested mappings that `paths` lead to."""
    if not isinstance(structure, Mapping) or not any(p[: len(path)] == path for p in paths):
        return structure
    return {
        key: without(value, paths, (*path, key))
        for key, value in structure.items()
        if (*path, key) not in paths
    }


def put_back(original, moved, values, path=()):
    """`moved`, with the entries that `without` took out back at their places.

    Args:
        original: the caller's structure at this path.
        moved: what becomes of it, without those entries.
        values: {path: value} of those entries.
    """
    if path in values:
        return values[path]
    if not isinstance(original, Mapping) or not any(p[: len(path)] == path for p in values):
        return moved
    moved = moved if isinstance(moved, Mapping) else {}
    return {
        key: put_back(value, moved.get(key, value), values, (*path, key))
        for key, value in original.items()
    }


# --- What would stay behind ------------------------------------------------------------------


def refuse_what_stays(owner, rest, images, layout):
    """Raises for entries without a role that would have to move with the images.

    Args:
        owner: the layer.
        rest: {key: value} of those entries.
        images: the images.
        layout: the layout of the images.
    """
    size = layout.packed_shape(images.shape)[1:3]
    for key, value in rest.items():
        if value is None:
            continue
        if isinstance(value, Mapping) and _last_word(key) not in _BOXES:
            refuse_what_stays(owner, value, images, layout)
            continue
        word = _last_word(key)
        leaves = keras.tree.flatten(value)
        if word in _BOXES | _POINTS and any(_is_more_than_a_number(x, layout) for x in leaves):
            role = "points" if word in _POINTS else "ignore"
            hint = "" if word in _POINTS else f" {_CORNERS}"
            _fail(owner, key, value, f"is named like {word} and", role, hint)
        for leaf in leaves:
            if _has_size_of(leaf, size, layout):
                role = "continuous" if "float" in str(leaf.dtype) else "mask"
                _fail(owner, key, leaf, "has the height and width of the images and", role)


def _is_more_than_a_number(value, layout):
    shape = shape_of(value)
    return not hasattr(value, "shape") or shape is None or len(shape) > layout.batched


def _has_size_of(value, size, layout):
    """Could this be a tensor (B,) H, W, (C)? True where its shape does not exclude it."""
    if not hasattr(value, "shape") or _is_text(value):
        return False
    shape = shape_of(value)
    if shape is None:
        return True
    shape = shape[layout.batched :]
    if len(shape) < 2:
        return False
    if None in shape or None in size:
        places = [shape[1:3]] if layout.channels == "first" and len(shape) == 3 else []
        return len(shape) <= 3 and not all(differ(each, size) for each in [shape[:2], *places])
    # Known sizes tell more: any two neighboring axes count, as in a stack of masks (N, H, W).
    return any(tuple(shape[i : i + 2]) == tuple(size) for i in range(len(shape) - 1))


def _is_text(value):
    dtype = getattr(value, "dtype", None)
    # Also for arrays of Python objects.
    return getattr(dtype, "kind", "") in ("U", "S", "O") or "string" in str(dtype)


def _fail(owner, key, value, reason, role, hint=""):
    shape = shape_of(value)
    received = f"of shape {shape}" if hasattr(value, "shape") else f"a {type(value).__name__}"
    raise ValueError(
        f"{checks.name_of(owner)}: {key!r} {reason} would stay behind while the image moves. Say "
        f"what it is with `targets={{{key!r}: {role!r}}}`; the roles are {_named(ROLES)} (passed "
        f"through as it is).{hint} Received {key!r} {received}."
    )


def _last_word(name):
    """ "boxes" of "gt_boxes", "bounding boxes", "boundingBoxes" and "boxes_xyxy"."""
    words = [word.lower() for word in re.findall("[A-Z]?[a-z]+|[A-Z]+", str(name))]
    return next((word for word in reversed(words) if word not in _FORMATS), "")


def _named(names):
    return ", ".join(map(repr, names))
