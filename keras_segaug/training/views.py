"""The views of test-time augmentation: how an image is shown, and the way back."""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.checks import branches
from keras_segaug.core import backend, random
from keras_segaug.core.backend import ops
from keras_segaug.core.composition import layer_or_fail
from keras_segaug.core.identity import Identity
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.parameters import taken
from keras_segaug.core.pipeline import Pipeline
from keras_segaug.core.value_ranges import ANY
from keras_segaug.engine.spec import Spec
from keras_segaug.engine.transfer import Path, transfer
from keras_segaug.engine.view import View as Seen
from keras_segaug.joint.flip import JointRandomFlip
from keras_segaug.joint.rotate90 import JointRandomRotate90
from keras_segaug.kernels.values import Value

# With the unchanged image that makes eight, as many as a square has symmetries.
DRAWS = 7
# Points in the outermost half pixel at an edge cannot be interpolated, and are left to the
# unchanged image. Float32 may put the center of a pixel at the edge this far beyond it.
_EDGE = 1e-3
_NAMED = ("flips", "d4")
_ACCEPTED = (
    '"flips", "d4", a keras_segaug layer, a non-empty list of them, or None: the image as it is'
)


class View(Value):
    """One way to show an image.

    Args:
        path: the pipeline that shows the image. Views with the same one can be made together.
        drawn: the parameters of the layer in it, for one sample: arrays (1, ...).
        exact: does it show every pixel, each as exactly one pixel?
        keeps_size: does it have the size of the image, whatever that is?
        turns: is it a quarter turn, or three of them?
    """

    path: Any
    drawn: Any
    exact: bool = False
    keeps_size: bool = True
    turns: bool = False


def show(views, images):
    """The images (B, H, W, C) in each of some views of one path, (views * B, h, w, C)."""
    repeated = ops.concatenate([images] * len(views), axis=0) if len(views) > 1 else images
    parameters = _parameters(views, ops.shape(images)[0], ops.shape(images)[1:3])
    return views[0].path.apply(repeated, parameters)


def back(views, predictions, size):
    """(predictions (views * B, h, w, K) moved back to images of a size, which pixels are shown).

    The second entry is None if all are shown. The classes of a `class_swap` are swapped back.
    """
    count = ops.shape(predictions)[0]
    parameters = _parameters(views, count // len(views), size)
    path = views[0].path
    if views[0].exact:
        return path.invert(predictions, parameters, predictions=True), None
    parameters = taken(path, parameters)
    spec = Spec(tuple(size), ANY)
    operations, _ = path._planned(parameters, Seen(spec, owner=path))
    shown = Path((), tuple(operations), tuple(path.output_spec(spec).size))
    return transfer(predictions, shown, Path((), (), spec.size), "bilinear", _EDGE)


def _parameters(views, batch, size):
    """The parameters of the views, each for a batch of samples, for images of a size."""
    known = isinstance(batch, int)

    def repeated(*values):
        joined = np.concatenate(values)
        # If possible these are arrays, which become constants of the program; a known size stays
        # known.
        return np.repeat(joined, batch, axis=0) if known else ops.repeat(joined, batch, axis=0)

    layers = keras.tree.map_structure(repeated, *(view.drawn for view in views))
    if all(isinstance(n, int) for n in size):
        rows = np.tile(np.array([size], "int32"), (len(views) * batch if known else 1, 1))
    else:
        rows = ops.repeat(ops.stack([tuple(size)]), len(views) * batch, axis=0)
    return {"layers": (layers,), "input_size": rows}


def checked(owner, views):
    """`views` as given, with tuples as lists; raises for what cannot be moved back."""
    if views is None or isinstance(views, str):
        return views if views is None else checks.one_of(owner, "views", views, _NAMED)
    single = isinstance(views, AugmentationLayer)
    if not single and (not isinstance(views, Sequence) or not views):
        checks.fail(owner, "views", _ACCEPTED, views)
    for layer in [views] if single else views:
        layer_or_fail(owner, "views", layer)
        _invertible_or_fail(owner, layer)
    return views if single else list(views)


def _invertible_or_fail(owner, layer):
    for leaf, _ in layer._leaves(Spec((None, None), ANY)):
        why = cure = ""
        if leaf._mixes():
            why = "mixes samples, which cannot be taken apart again"
            cure = "Leave it out"
        elif leaf._resolves():
            why = "looks at masks to choose its window, and where there is a prediction to be made"
            why += " there are none"
            cure = "Leave out the arguments that ask for classes"
        if why:
            raise ValueError(
                f"{checks.name_of(owner)}: `views` must hold layers that show an image in a way "
                f"that can be moved back. Received: {checks.shown(leaf)}, which {why}. {cure}."
            )


def views_of(views):
    """The `View`s, without the unchanged image, which comes before them all."""
    if views is None:
        return ()
    if isinstance(views, str):
        views = JointRandomFlip() if views == "flips" else JointRandomRotate90(mirror=True)
    if isinstance(views, AugmentationLayer):
        return tuple(_of_layer(views, range(DRAWS)))
    found = (_of_layer(layer, [number]) for number, layer in enumerate(views))
    return tuple(itertools.chain(*found))


def _of_layer(layer, numbers):
    """A layer's views: all its outcomes if they are few, else a draw for each of the numbers."""
    if isinstance(layer, Identity):
        return []
    path = Pipeline([layer], dtype="float32", data_format="channels_last", name="view")
    outcomes = _outcomes(layer)
    if outcomes:
        return [
            View(
                path,
                {name: np.array([value]) for name, value in each.items()},
                exact=True,
                turns=each.get("quarter_turns", 0) % 2 == 1,
            )
            for each in outcomes
        ]
    kept = branches.size_given(layer) == "kept"
    numbers = numbers if layer.random else numbers[:1]
    return [View(path, _drawn(layer, path, number), keeps_size=kept) for number in numbers]


def _drawn(layer, path, number):
    """What a layer draws in the call of this number. It reads no image, so any size will do.

    It is drawn outside the program: compiling the draw would cost more than using its result.
    """
    with backend.outside_graphs():
        key = random.key(layer.seed or 0, number)
        [drawn] = path.draw_parameters((1, None, None, 3), key)["layers"]
        return keras.tree.map_structure(backend.to_numpy, drawn)


def _outcomes(layer):
    """All outcomes of a layer that has only a few, except the unchanged image; else nothing."""
    ends: dict[str, Any]
    if isinstance(layer, JointRandomFlip):
        ends = dict.fromkeys(reversed(layer.mode.split("_and_")), (False, True))
    elif isinstance(layer, JointRandomRotate90):
        ends = {"mirrored": (False, True)} if layer.mirror else {}
        ends = {**ends, "quarter_turns": range(4)}
    else:
        return []
    # The first outcome changes nothing.
    rows = list(itertools.product(*ends.values()))[1:]
    return [dict(zip(ends, row, strict=True)) for row in rows]
