"""Samples for the chains of `chains.py`, and helpers to read the results."""

import numpy as np

from tests.contract.chains import CLASSES, SPOTS


def sample_for(chain):
    """{name: array}, batched and channels last, for a chain."""
    rng = np.random.default_rng(chain.number + 1_000_000)
    count, (height, width) = chain.count or 1, chain.size
    coarse = rng.integers(0, CLASSES, (count, -(-height // 3), -(-width // 3)))
    ids = coarse.repeat(3, 1).repeat(3, 2)[:, :height, :width]
    images = rng.integers(0, 256, (count, height, width, chain.channels))
    images[..., -1] = ids
    # Where colors need three channels, the second image has three, too.
    second = np.repeat(ids[..., None], chain.channels, -1)
    instances = np.zeros((count, height, width), "int32")
    spots = np.zeros((count, SPOTS, 2), "float32")
    for i in range(count):
        cells = rng.permutation((height // 6) * (width // 6))[:SPOTS]
        for spot, cell in enumerate(cells):
            y, x = 6 * (cell // (width // 6)) + 2, 6 * (cell % (width // 6)) + 2
            instances[i, y - 1 : y + 2, x - 1 : x + 2] = spot + 1
            spots[i, spot] = x, y
    sample = {
        "images": images.astype(chain.dtype),
        "masks": ids.astype(chain.mask_dtype),
        "sample_weights": ((ids + 1) / 16).astype("float32"),
        "depth": ids[..., None].astype(chain.depth_dtype),
        "image_2": second.astype(chain.dtype),
        "instances": instances,
        "certainty": ((ids + 1) / 16).astype("float32")[..., None],
        "spots": spots,
    }
    return {name: sample[name] for name in names_of(chain)}


def deep_in(chain, coded=False):
    """The names of the entries that have a channel axis."""
    masks = ["masks"] * (chain.deep_mask or coded) + ["instances"] * coded
    return {*_DEEP, *masks}


def names_of(chain):
    return ("images", "masks", "sample_weights", *chain.targets)


# The entries with a channel axis.
_DEEP = ("images", "depth", "image_2", "certainty")


def structured(chain, sample):
    """The sample as the chain takes it."""
    first, deep = chain.layer.data_format == "channels_first", deep_in(chain)
    data = {k: v[..., None] if chain.deep_mask and k == "masks" else v for k, v in sample.items()}
    data = {k: np.moveaxis(v, -1, 1) if first and k in deep else v for k, v in data.items()}
    data = {k: v if chain.count else v[0] for k, v in data.items()}
    if chain.structure == "tuple":
        return tuple(data.values())
    if chain.structure == "mapping":
        return data
    main = {k: data.pop(k) for k in ("images", "sample_weights")}
    masks = {"a": data.pop("masks"), "instances": data.pop("instances")}
    return {**main, "masks": masks, "more": data}


def flat(chain, data, coded):
    """The inverse of `structured`, for a result; `coded`: are the masks one-hot?"""
    names = names_of(chain)
    if chain.structure == "tuple":
        data = dict(zip(names, data, strict=True))
    elif chain.structure == "nested":
        masks = data["masks"]
        data = {**data, **data["more"], "masks": masks["a"], "instances": masks["instances"]}
    first = chain.layer.data_format == "channels_first"
    deep = deep_in(chain, coded)
    data = {k: data[k] if chain.count else data[k][None] for k in names}
    data = {k: np.moveaxis(v, 1, -1) if first and k in deep else v for k, v in data.items()}
    if chain.deep_mask and not coded:
        data["masks"] = data["masks"][..., 0]
    return data
