"""What must hold for every random chain of `chains.py`."""

import traceback
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf
from scipy import ndimage

import keras_segaug as ks
from tests.contract import chain_samples, chains
from tests.contract.chains import CLASSES, ERASED, ERASED_ALONE, ERASED_IMAGE, FILLS
from tests.data import as_held, dtype_of, to_numpy

# The label for each value of a carrier, and the weight that belongs to it.
LABELS = np.arange(256)
WEIGHTS = np.zeros(256, "float32")
WEIGHTS[:CLASSES] = np.arange(1, CLASSES + 1) / 16
for _label, _value in FILLS.items():
    LABELS[_value] = _label
LABELS[ERASED_IMAGE] = ERASED
# Layers that never look outside an image, so their border does not matter.
INSIDE = (ks.JointRandomFlip, ks.JointRandomRotate90, ks.JointRandomGridDistortion)


class Failure(AssertionError):  # noqa: N818  # not an error of this code
    """A chain that breaks a promise, with all that is needed to run it again."""


@dataclass
class Tally:
    """How much has been checked, and how much of it was wrong."""

    chains: int = 0
    pixels: int = 0
    misaligned: int = 0
    invented: int = 0
    wrong_specs: int = 0
    replayed_apart: int = 0
    spots: int = 0
    misplaced: int = 0
    places: dict = field(default_factory=dict)


def check(number, tally, place=None):
    """Checks the chain of this number; raises `Failure`."""
    chain = None
    try:
        chain = chains.made(number, place)
        problems = _problems(chain, tally)
    except Exception:
        problems = [traceback.format_exc()]
    tally.chains += 1
    if problems:
        said = "\n".join(f"- {each}" for each in problems)
        about = "" if chain is None else f"{chain._replace(layer=None)}\n{chain.layer.to_json()}"
        raise Failure(f"=== chain {number}\n{said}\n{about}")


def _problems(chain, tally):
    tally.places[chain.place] = tally.places.get(chain.place, 0) + 1
    sample = chain_samples.sample_for(chain)
    data = chain_samples.structured(chain, sample)
    found, again = _run(chain, data)
    coded = chain.has(ks.MaskOnlyOneHot)
    result, replayed = (chain_samples.flat(chain, each, coded) for each in (to_numpy(found), again))
    problems = [
        *_wrong_specs(chain, data, found, tally),
        *_replayed_apart(chain, result, replayed, tally),
        *_invented(chain, result, coded, tally),
        *_wrong_dtypes(chain, sample, found),
    ]
    if chain.interpolation == "nearest":
        problems += _misaligned(chain, result, coded, tally)
        problems += [] if coded or "spots" not in result else _misplaced(chain, result, tally)
    problems += [
        f"{name}: not finite"
        for name in ("images", "image_2", "depth", "spots")
        if name in result and not np.isfinite(result[name]).all()
    ]
    return problems


def _run(chain, data):
    """The chain's result for the data, and the result of replaying it."""
    layer = chain.layer
    if chain.place == "map":
        dataset = tf.data.Dataset.from_tensors(data)
        if chain.count:
            dataset = tf.data.Dataset.from_tensor_slices(data).batch(chain.count)
        key = layer.call_key(0) if layer.random else 0
        found = next(iter(dataset.map(layer)))
    else:
        key = chain.number
        found = layer.augment(data, key)
    return found, to_numpy(layer.apply(data, layer.draw_parameters(data, key)))


def _replayed_apart(chain, result, replayed, tally):
    """Where the replay differs: eagerly nowhere; a compiled program may add in another order."""
    for name in result:
        a, b = (x.astype("float64") for x in (result[name], replayed[name]))
        if a.shape != b.shape:
            yield f"replay: {name} has shape {a.shape}, then {b.shape}"
            continue
        compiled = chain.place != "eager"
        tolerance = 2e-2 * (256 if chain.dtype == "uint16" else 1) if "image" in name else 1e-3
        if chain.interpolation is None and "image" in name:
            tolerance += 1.2
        apart = np.abs(a - b) > tolerance
        tally.replayed_apart += int(apart.sum())
        if apart.mean() > (0.01 if compiled else 0.0):
            yield f"replay: {name} differs in {apart.sum()} of {apart.size}"


def _wrong_specs(chain, data, found, tally):
    for unknown in (False, True):

        def symbol(array, unknown=unknown):
            shape = _without_sizes(chain, array.shape) if unknown else array.shape
            return keras.KerasTensor(shape, as_held(array.dtype))

        spec = chain.layer(keras.tree.map_structure(symbol, data))
        pairs = zip(keras.tree.flatten(spec), keras.tree.flatten(found), strict=True)
        for said, real in pairs:
            same = [
                a in (b, None if unknown else b)
                for a, b in zip(said.shape, real.shape, strict=False)
            ]
            dtype = as_held(dtype_of(real))
            if len(said.shape) != len(real.shape) or not all(same) or said.dtype != dtype:
                tally.wrong_specs += 1
                yield f"spec says {said.shape} {said.dtype}, found {real.shape} {dtype}"


def _without_sizes(chain, shape):
    """The shape without its sizes, as in a dataset of images of any size."""
    batched = chain.count is not None
    shape = [None if batched else shape[0], *shape[1:]]
    for i in range(int(batched), len(shape) - 1):
        if tuple(shape[i : i + 2]) == chain.size:
            return (*shape[:i], None, None, *shape[i + 2 :])
    return tuple(shape)


def _wrong_dtypes(chain, sample, found):
    coded = chain.has(ks.MaskOnlyOneHot)
    dtypes = keras.tree.map_structure(lambda x: np.empty(x.shape, dtype_of(x)), found)
    for name, array in chain_samples.flat(chain, dtypes, coded).items():
        wanted = chain.layer.compute_dtype if name in ("images", "image_2") else sample[name].dtype
        if as_held(array.dtype) != as_held(wanted):
            yield f"{name}: dtype {array.dtype}, not {wanted}"


def _invented(chain, result, coded, tally):
    """Finds labels and weights that were not in the sample, and rows that are not one-hot."""
    fills = {
        leaf.mask_fill_value
        for leaf in chain.leaves()
        if isinstance(leaf, ks.JointRandomErasing)
        or (isinstance(leaf, ks.JointLayer) and leaf.fill_mode == "constant")
    } - {None}
    for name, count in (("masks", CLASSES), ("instances", chains.SPOTS + 1)):
        values = result[name]
        if coded:
            sums = values.sum(-1)
            wrong = ~np.isin(values, (0, 1)).all(-1) | (sums > 1)
            outside = {*range(count), *fills} - {*range(chain.num_classes)}
            wrong |= (sums == 0) & (not outside)
        else:
            wrong = ~np.isin(values, [*range(count), *fills])
        tally.invented += int(wrong.sum())
        if wrong.any():
            yield f"{name}: {wrong.sum()} invented labels"
    for name in ("sample_weights", "certainty"):
        if not np.isin(result[name], WEIGHTS).all():
            yield f"{name}: invented weights {np.setdiff1d(result[name], WEIGHTS)[:5]}"


def _misaligned(chain, result, coded, tally):
    """Compares every carrier of the labels with the mask, pixel by pixel."""
    mask = result["masks"].astype("int64")
    carried = result["depth"][..., 0].astype("int64")
    # Where the mask was erased the continuous values stay.
    row = np.arange(chain.num_classes) == ERASED
    erased = (mask == row).all(-1) if coded else mask == ERASED
    erased &= any(getattr(leaf, "mask_fill_value", 0) == ERASED for leaf in chain.leaves())
    carriers = {"depth": (carried, erased)}
    noisy = any(getattr(leaf, "fill_value", 0) == "noise" for leaf in chain.leaves())
    if not chain.has(ks.ImageOnlyLayer) and not noisy:
        for name in {"images", "image_2"} & set(result):
            values = result[name][..., -1].astype("int64")
            carriers[name] = (values, values == ERASED_ALONE)
    for name, (values, exempt) in carriers.items():
        labels = LABELS[values]
        if coded:
            agree = (mask == (labels[..., None] == np.arange(chain.num_classes))).all(-1)
        else:
            agree = mask == labels
        wrong = ~agree & ~exempt
        tally.pixels += wrong.size
        tally.misaligned += int(wrong.sum())
        if wrong.any():
            yield f"{name}: {wrong.sum()} of {wrong.size} pixels misaligned"
    for name in ("sample_weights", "certainty"):
        weights = result[name].reshape(carried.shape)
        # A row of zeros may or may not have been erased.
        right = np.where(erased, 0.0, WEIGHTS[carried]) == weights
        right |= coded & erased & (WEIGHTS[carried] == weights)
        tally.pixels += right.size
        tally.misaligned += int((~right).sum())
        if not right.all():
            yield f"{name}: {(~right).sum()} of {right.size} weights not those of the pixels"


def _misplaced(chain, result, tally):
    """A spot lies in the middle of the block that was painted around it."""
    joint = [leaf for leaf in chain.leaves() if isinstance(leaf, ks.JointLayer)]
    copies = any(leaf.fill_mode != "constant" for leaf in joint if not isinstance(leaf, INSIDE))
    if copies or any(isinstance(leaf, ks.JointRandomErasing) for leaf in chain.leaves()):
        return
    for mask, spots in zip(result["instances"], result["spots"], strict=True):
        for label, spot in enumerate(spots, 1):
            block = mask == label
            area = block.sum()
            grown = ndimage.binary_dilation(block, iterations=2)
            whole = grown.sum() == np.pad(block, 2).sum() or not _cut(mask, block)
            if area < 5 or not whole:
                continue
            rows, columns = np.nonzero(block)
            apart = np.hypot(columns.mean() - spot[0], rows.mean() - spot[1])
            tally.spots += 1
            if apart > max(1.0, np.sqrt(area) / 3) * (1.0 + 0.25 * len(joint)):
                tally.misplaced += 1
                yield f"spot {label} is {apart:.2f} px from its block of {area} pixels"


def _cut(mask, block):
    """Does the block touch the edge of the image, or a filled part?"""
    padded = np.pad(mask, 1, constant_values=-1)
    around = ndimage.binary_dilation(np.pad(block, 1), np.ones((3, 3))) & ~np.pad(block, 1)
    return bool((padded[around] != 0).any())
