"""Looking into other samples of the batch: which sample each pixel shows, and where in it."""

from functools import reduce
from operator import and_

from keras_segaug import checks
from keras_segaug.core.backend import name, ops, torch_backend
from keras_segaug.engine import maps
from keras_segaug.engine.sampling_grid import SamplingGrid
from keras_segaug.kernels import matrices
from keras_segaug.kernels.samplers import sampler
from keras_segaug.kernels.values import map_tensors
from keras_segaug.kernels.windows import FAR
from keras_segaug.kernels.xla_cpu.blocks import materialize


def moved(warp, grid):
    """The points of a grid after a warp whose pieces look elsewhere."""
    result = grid.moved(warp.rest)
    for piece in reversed(warp.pieces):
        there = grid.moved(piece.map)
        held = _held(piece, warp.acts, grid, there)
        if piece.source is not None:
            there = there.looking_into(piece.source)
        result = there if held is None else SamplingGrid.select(held, there, result)
    return result


def moved_back(warp, grid):
    """Where the pixels that a warp got are in what it made; far outside if they are not there.

    Each sample must be the partner of exactly one other, its home: that tells where to look.
    """
    [piece] = warp.pieces
    own = grid.moved(maps.inverse(warp.rest))
    covered = _held(piece, warp.acts, own, own.moved(piece.map))
    home = _home(piece.source)
    shown = map_tensors(lambda tensor: ops.take(tensor, home, axis=0), piece)
    acts = None if warp.acts is None else ops.take(warp.acts, home)
    there = grid.moved(maps.inverse(shown.map))
    seen = _held(shown, acts, there, grid)
    nowhere = SamplingGrid(grid.size, None, tuple(0.0 * axis - FAR for axis in grid.grid()))
    elsewhere = SamplingGrid.select(seen, there.looking_into(home), nowhere)
    return SamplingGrid.select(covered, elsewhere, own)


def _home(source):
    """For each sample, the one whose partner it is: int32 (B,)."""
    numbers = ops.arange(ops.shape(source)[0], dtype="int32")
    home = ops.argmax(ops.cast(source[None] == numbers[:, None], "int32"), axis=1)
    return materialize([ops.cast(home, "int32")])[0]


def _held(piece, acts, grid, there):
    """Which points of the output a piece shows: bool, broadcasts to (B, *size); None: all.

    Args:
        piece: the piece.
        acts: bool (B,) or None.
        grid: the points.
        there: where the piece looks for them.
    """
    held = []
    if piece.region is not None:
        held.append(piece.region.holds(grid.grid()))
    if piece.shown is not None:
        held.append(piece.shown if there.is_unmoved() else _at(piece.shown, there.grid()))
    if acts is not None:
        held.append(ops.reshape(acts, (-1, *[1] * len(grid.size))))
    return reduce(and_, held) if held else None


def _at(flags, grid):
    """Flags (B, *size) at points, each in its own sample; False outside."""
    read = sampler(ops.cast(flags, "uint8")[..., None], "nearest", "constant", 0)
    own = ops.arange(ops.shape(flags)[0], dtype="int32")
    return read(ops.reshape(own, (-1, *[1] * len(grid))), grid)[..., 0] > 0


def shown_by(piece, size):
    """Which pixels of an output of this size a piece shows: bool (B, *size)."""
    grid = SamplingGrid(size)
    return _held(piece, None, grid, grid.moved(piece.map))


def is_pasted(warp):
    """Does every piece show pixels at the place that they have in the other sample?"""
    identity = matrices.identity(len(warp.size))
    return not warp.back and all(each is identity for each in (warp.rest, *_maps(warp)))


def _maps(warp):
    return [piece.map for piece in warp.pieces]


def pasted(warp, tensors):
    """Tensors (B, *size, C) after such a warp: nothing is looked up, each pixel is copied."""
    grid = SamplingGrid(warp.size)
    held = [_held(piece, warp.acts, grid, grid) for piece in warp.pieces]

    def select(held, one, other):
        if name() == "torch":
            return torch_backend().where_held(held, one, other)
        return ops.where(held[..., None], one, other)

    def paste(tensor):
        result = tensor
        for piece, holds in reversed(list(zip(warp.pieces, held, strict=True))):
            other = tensor if piece.source is None else ops.take(tensor, piece.source, axis=0)
            result = other if holds is None else select(holds, other, result)
        return result

    return [None if tensor is None else paste(tensor) for tensor in tensors]


def check_invertible(warp):
    """Refuses a warp that may show a sample more than once: which copy counts is not known."""
    if len(warp.pieces) > 1:
        raise ValueError(
            f"{checks.name_of(warp.origin)}: `invert` cannot move back what was put together from "
            "several samples, each through its own map. Leave this layer out of what is to be "
            "moved back."
        )
