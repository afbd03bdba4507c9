"""Writes the call that reads the folders that `flow_from_directory` read."""

import os

from keras_segaug import checks
from keras_segaug.migration.arguments import OWNER

# Arguments of `flow_from_directory`: those carried over, with their defaults, and why the others
# have no successor.
_CARRIED = {
    "target_size": (256, 256),
    "color_mode": "rgb",
    "batch_size": 32,
    "shuffle": True,
    "seed": None,
    "subset": None,
    "interpolation": "nearest",
}
# What pillow resized with, and what there is.
_NEAREST_KIND = {"lanczos": "bicubic", "box": "bilinear", "hamming": "bilinear"}
_LEFT = {
    "classes": "name the folder that holds the files in `images` and `masks`",
    "class_mode": "pairs of images and masks have no class of their own",
    "follow_links": "links are followed as the file system does",
    "keep_aspect_ratio": "images are resized to `image_size` as they are",
    "save_to_dir": "look at images with `plot_gallery`",
    "save_prefix": "belongs to `save_to_dir`",
    "save_format": "belongs to `save_to_dir`",
}


def check_flow(role, flow):
    """The arguments of a `flow_from_directory`, or None."""
    if flow is None:
        return None
    names = ("directory", *_CARRIED, *_LEFT)
    if not isinstance(flow, dict) or "directory" not in flow:
        checks.fail(OWNER, role, "a dict with a `directory`", flow)
    for name in flow:
        if name not in names:
            checks.fail(OWNER, role, f"arguments among {', '.join(names)}", name)
    size = flow.get("target_size", _CARRIED["target_size"])
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        checks.fail(OWNER, role, "a dict whose `target_size` is a pair (height, width)", flow)
    return flow


def directory_call(images, masks, validation_split):
    """The code of the call, with a comment for each argument that has no successor."""
    unknown = {"directory": "the folder of the masks", "color_mode": "grayscale"}
    masks = masks or {**images, **unknown, "interpolation": "nearest"}
    values = {**_CARRIED, **images}
    kind = values["interpolation"]
    # Pillow smooths what shrinks.
    values |= {"interpolation": _NEAREST_KIND.get(kind, kind), "antialias": kind != "nearest"}
    arguments = {"images": os.fspath(images["directory"]), "masks": os.fspath(masks["directory"])}
    arguments["image_size"] = tuple(values["target_size"])
    for name in ("batch_size", "color_mode", "interpolation", "antialias", "shuffle", "seed"):
        arguments[name] = values[name]
    # Without a `subset` the old class read all files, whatever the split.
    if validation_split and values["subset"] is not None:
        arguments |= {"validation_split": validation_split, "subset": values["subset"]}
    lines = [f"    {name}={value!r}," for name, value in arguments.items()]
    return "\n".join(
        [
            *_comments(images, masks),
            "dataset = keras_segaug.segmentation_dataset_from_directory(",
            *lines,
            ")",
            "dataset = dataset.map(migration.pipeline, num_parallel_calls=tf.data.AUTOTUNE)",
        ]
    )


def _comments(images, masks):
    for name in ("target_size", "batch_size", "shuffle", "seed", "subset"):
        ours, theirs = (flow.get(name, _CARRIED[name]) for flow in (images, masks))
        if ours != theirs:
            yield f"# {name}: {ours!r} for images but {theirs!r} for masks; pairs now share one."
    if images.get("seed") is None:
        yield "# seed: without one the two generators did not draw alike."
    kind = images.get("interpolation")
    if kind in _NEAREST_KIND:
        yield f"# interpolation: {kind!r} is now {_NEAREST_KIND[kind]!r}, the nearest there is."
    if masks.get("color_mode", "rgb") != "grayscale":
        yield "# Masks were read as colors: say with `palette=` which class each color is."
    if masks.get("interpolation", "nearest") != "nearest":
        yield "# Masks were resized with interpolation, which invents classes; now as nearest."
    for name, reason in _LEFT.items():
        if name in images or name in masks:
            yield f"# {name}: {reason}."
