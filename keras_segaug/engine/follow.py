"""What moves along with images without being one: measured values, points."""

from keras_segaug.core.backend import ops
from keras_segaug.engine import execute, maps
from keras_segaug.engine.batch import Batch
from keras_segaug.engine.colors import as_dtype
from keras_segaug.engine.fuse import Lookup, fuse
from keras_segaug.engine.operations import Blend, Select, Warp
from keras_segaug.engine.sampling_grid import SamplingGrid
from keras_segaug.kernels.sampling import dtype_of


def interpolated(operations, values):
    """Values that are moved as images are and not colored, in their own dtype.

    Lookups with something else between them stay separate, so that both meet the same borders.
    """
    moved = values
    for group in fuse(operations):
        if isinstance(group, Select):
            results = [Batch(interpolated(branch, moved), [], []) for branch in group.branches]
            moved = execute.select(group.choice, results).images
        elif isinstance(group, Blend) and group.larger:
            [moved] = execute.run_group(group, Batch(None, [moved], [])).masks
        elif isinstance(group, (Lookup, Blend)):
            moved = execute.run_group(group, Batch(moved, [], [])).images
    return as_dtype(moved, dtype_of(values))


def followed(operations, points, back=False):
    """Points (B, N, 2), moved as their pixels are; `back`: to where they were before."""
    if any(isinstance(each, Select) for each in operations):

        def result_of(operations):
            return Batch(followed(operations, points, back)[..., None], [], [])

        return execute.for_each_branch(operations, result_of).images[..., 0]
    for each in operations:
        if isinstance(each, Blend) or (isinstance(each, Warp) and each.mixes):
            raise ValueError(
                f"{type(each.origin).__name__}: points cannot be moved by what mixes samples. "
                "Leave them out of `targets`, or give them the role 'ignore'."
            )
    warps = [each for each in operations if isinstance(each, Warp)]
    axes = range(points.shape[-1])
    # x comes first in points, last in arrays.
    grid = tuple(_column(points, axis) for axis in reversed(axes))
    # No size: these points are not a grid of output pixels.
    places = SamplingGrid((None,) * len(axes), None, grid)
    for warp in reversed(warps) if back else warps:
        places = _through(warp, places, back)
    shape = (ops.shape(points)[0], -1, 1)
    return ops.concatenate([ops.reshape(x, shape) for x in reversed(places.grid())], axis=-1)


def _column(points, axis):
    column = points[..., axis : axis + 1]
    return ops.reshape(column, (*ops.shape(column)[:2], *[1] * (points.shape[-1] - 1)))


def _through(warp, places, back):
    """Moves points from the input to the output, or with `back` from the output to the input."""
    every = [piece.map for piece in warp.pieces] + ([] if warp.rest is None else [warp.rest])
    first, *rest = [maps.unconfined(each if back else maps.inverse(each)) for each in every]
    acting = warp.acts is not None and rest
    return places.moved(maps.select(warp.acts, first, rest[0]) if acting else first)
