"""Moves a prediction from the frame of one view of an image into that of another one.

Both views are made from one common image. A pixel of the target is followed into that image, and
from there, through the inverse of the source's geometry, to where the source shows the same: a
chain of maps, and one lookup at its end.
"""

from functools import reduce
from operator import and_

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.engine import colors, maps
from keras_segaug.engine.fuse import Lookup, fuse, map_of, mirrored
from keras_segaug.engine.operations import Blend, Select, Warp
from keras_segaug.engine.sampling_grid import SamplingGrid
from keras_segaug.kernels import labels, matrices
from keras_segaug.kernels.sampling import dtype_of, look_up
from keras_segaug.kernels.values import Value
from keras_segaug.kernels.windows import settled

# The weights of pixels that are all shown add up to 1, except for what float32 loses.
_ALL = 1e-3


class Path(Value):
    """How a view is made from an image.

    Args:
        common: the operations that the views share.
        own: the operations after them, of this view alone.
        size: of the view.
    """

    common: tuple
    own: tuple
    size: tuple


def transfer(prediction, source, target, interpolation, edge=0.5):
    """(the prediction in the target's frame, which of its pixels both views show).

    Args:
        prediction: (B, *size, K) in the frame of the source: floats are scores, one channel per
            class; integers are class ids, which are looked up as nearest.
        source: a `Path`.
        target: a `Path`.
        interpolation: of scores.
        edge: how far an image reaches beyond the center of its last pixel. Half a pixel is
            its own; but there is nothing to interpolate it from, and what is seen is that pixel.

    Returns:
        (B, *size, K) of the same dtype, 0 where not shown, and bool (B, *size).
    """
    for each in (*source.common, *source.own, *target.own):
        _refuse_mixed(each)
    batch, dtype = ops.shape(prediction)[0], dtype_of(prediction)
    prediction = _with_classes_swapped(source.own, prediction, back=True)
    prediction = _with_classes_swapped(target.own, prediction)
    places = _back(source.own, _through(target.own, SamplingGrid(target.size)))
    shown = _held(source.size, places, edge) & _shown(target, edge)
    places = [ops.where(shown, settled(axis), 0.0) for axis in places.grid()]
    grid = SamplingGrid(target.size, grid=tuple(places))
    there = ops.broadcast_to(_shown(source, edge), (batch, *source.size))[..., None]
    if "float" in dtype:
        # As one more channel: a pixel that is blended from one that is not shown does not count.
        both = [ops.cast(each, "float32") for each in (prediction, there)]
        both, _ = look_up(ops.concatenate(both, -1), [], grid, interpolation, "nearest", 0.0)
        moved, seen = both[..., :-1], ops.abs(both[..., -1:] - 1.0) < _ALL
    else:
        pairs = [(prediction, 0), (ops.cast(there, "uint8"), 0)]
        _, (moved, seen) = look_up(None, pairs, grid, "nearest", "nearest", 0.0)
        seen = seen == 1
    shown = seen & shown[..., None]
    moved = ops.cast(moved, dtype)
    return ops.where(shown, moved, ops.zeros_like(moved)), shown[..., 0]


def _refuse_mixed(operation):
    if isinstance(operation, Select):
        for branch in operation.branches:
            for each in branch:
                _refuse_mixed(each)
    elif isinstance(operation, Blend) or (isinstance(operation, Warp) and operation.mixes):
        raise ValueError(
            f"{checks.name_of(operation.origin)}: `transfer` cannot follow pixels that were mixed "
            "from several samples. Received parameters of such a layer. Mix the views, and what "
            "is to be learned from them, after the transfer."
        )


def _through(operations, places):
    """Where points of the last image look in the first one."""
    for each in reversed(operations):
        if isinstance(each, Select):
            places = _chosen(each, [_through(branch, places) for branch in each.branches])
        elif isinstance(each, Warp):
            places = places.moved(maps.unconfined(map_of(each)))
    return places


def _back(operations, places):
    """Where points of the first image are in the last one."""
    for each in operations:
        if isinstance(each, Select):
            places = _chosen(each, [_back(branch, places) for branch in each.branches])
        elif isinstance(each, Warp):
            places = places.moved(maps.inverse(map_of(each)))
    return places


def _shown(path, edge):
    """Which pixels of a view show the image, and not what its borders were filled with."""
    _, shown = _traced((*path.common, *path.own), SamplingGrid(path.size), edge)
    return shown


def _traced(operations, places, edge):
    """(where points look in the first image, whether they lie in every image that is looked up).

    Between warps that share a lookup there are no borders.
    """
    shown = ops.ones((1,) * (1 + len(places.size)), "bool")
    for group in reversed(fuse(operations)):
        if isinstance(group, Select):
            found = [_traced(branch, places, edge) for branch in group.branches]
            places = _chosen(group, [each for each, _ in found])
            conditions = [held for _, held in found]
            shown = shown & _chosen(group, conditions, colors.where)
        elif isinstance(group, Lookup):
            for step in group.steps:
                places = places.moved(step)
            shown = shown & _held(group.before, places, edge)
    return places, shown


def _held(size, places, edge):
    """Which points lie on an image of this size."""
    pairs = zip(map(settled, places.grid()), size, strict=True)
    return reduce(and_, [(x >= -edge) & (x < matrices.as_float(n) - 1.0 + edge) for x, n in pairs])


def _chosen(operation, results, select=SamplingGrid.select):
    """Each sample's own result, out of one result for each branch."""
    chosen, *others = results
    for number, other in enumerate(others, 1):
        chosen = select(operation.choice == number, other, chosen)
    return chosen


def _with_classes_swapped(operations, prediction, back=False):
    """The prediction, with left and right classes swapped in mirrored samples."""
    for each in reversed(operations) if back else operations:
        if isinstance(each, Select):
            found = [_with_classes_swapped(one, prediction, back) for one in each.branches]
            prediction = _chosen(each, found, colors.where)
        elif isinstance(each, Warp) and each.class_swap and each.pieces:
            condition = ops.reshape(mirrored(each), (-1, *[1] * (len(prediction.shape) - 1)))
            swap = labels.swap_scores if "float" in dtype_of(prediction) else labels.swap
            prediction = swap(each.origin, prediction, each.class_swap, condition)
    return prediction
