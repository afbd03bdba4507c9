"""Decides which operations are run as one: reads their structure, never their numbers."""

from typing import Any

from keras_segaug.core.backend import ops
from keras_segaug.engine import maps, mixing
from keras_segaug.engine.operations import Blend, Border, Warp
from keras_segaug.engine.sampling_grid import SamplingGrid
from keras_segaug.kernels import matrices
from keras_segaug.kernels.copies import can_copy
from keras_segaug.kernels.matrices import Matrix
from keras_segaug.kernels.values import Value, replace
from keras_segaug.kernels.xla_cpu.blocks import materialize


class Swap(Value):
    """Classes that are swapped; `mirrored`, bool (B,), says in which samples."""

    pairs: tuple
    mirrored: Any
    origin: Any


class Lookup(Value):
    """Consecutive warps as one: each pixel is read once.

    Args:
        filler: the layer that is named in messages about the fill.
        before: the size of the images that come in.
        size: the size of the images that come out.
        steps: maps, and warps that mix, from the output to the input.
        border: the one that all agree on; None where any will do.
        interpolation: likewise.
        swaps: of classes, before the lookup, so that filled pixels keep their class.
        exact: is each pixel of the output a pixel of the input?
        mixes: does it look into other samples?
        axes: see `Warp`.
    """

    filler: Any
    before: tuple
    size: tuple
    steps: tuple
    border: Any
    interpolation: Any
    swaps: tuple
    exact: bool
    mixes: bool
    axes: Any

    def grid(self):
        """Where the pixels of the output look."""
        grid = SamplingGrid(self.size)
        for step in self.steps:
            if isinstance(step, Warp):
                # Its regions are in its own image, which later steps look at through its border.
                grid = grid.folded(self.border.mode if self.border else "constant", step.size)
                grid = (mixing.moved_back if step.back else mixing.moved)(step, grid)
            else:
                grid = grid.moved(step)
        return grid

    @property
    def pastes(self):
        """Does each pixel come from the same place of an image, its own or another sample's?"""
        return self.mixes and len(self.steps) == 1 and mixing.is_pasted(self.steps[0])

    @property
    def copies(self):
        """Can whole windows be copied?"""
        return (
            self.exact and len(self.steps) == 1 and can_copy(self.steps[0], self.before, self.size)
        )


def fuse(operations):
    """The operations in order, with warps that share a lookup as one `Lookup`."""
    groups: list = []
    for operation in operations:
        if not isinstance(operation, Warp):
            groups.append(operation)
        elif groups and isinstance(groups[-1], list) and shared(groups[-1], operation):
            groups[-1].append(operation)
        else:
            groups.append([operation])
    return [lookup_of(group) if isinstance(group, list) else group for group in groups]


def shared(warps, warp):
    """Can a warp share the lookup of these?"""
    alone = warp.mixes or warp.axes is not None or warps[0].axes is not None
    # Classes are swapped before a lookup, in the samples that pixels come from. This swap depends
    # on the samples that show them.
    if alone or (warps[0].mixes and warp.class_swap):
        return False
    return not differences(warps, warp)


_SETTINGS = ("interpolation", "fill_mode", "fill_value", "mask_fill_value")


def differences(warps, warp):
    """The names of the settings that keep a warp from sharing the lookup of these."""
    triples = zip(_SETTINGS, _agreed(warps), _settings(warp), strict=True)
    return [name for name, a, b in triples if None not in (a, b) and not _equal(a, b)]


def _settings(warp):
    """Interpolation and border as far as they matter; None where any will do."""
    mode = None if warp.inside else warp.border.mode
    values = warp.border[1:] if mode == "constant" else (None, None)
    return (warp.interpolation, mode, *values)


def _agreed(warps):
    """The settings of warps that share a lookup."""
    columns = zip(*map(_settings, warps), strict=True)
    return [next((each for each in column if each is not None), None) for column in columns]


def _equal(a, b):
    """Also true of two NaNs, which do not equal each other."""
    return a == b or (a != a and b != b)


def lookup_of(warps):
    """Warps as one `Lookup`."""
    steps: list = []
    for warp in reversed(warps):
        step = warp if warp.mixes else map_of(warp)
        if isinstance(step, Matrix) and steps and isinstance(steps[-1], Matrix):
            steps[-1] = matrices.compose(step, steps[-1])
        elif step is not matrices.identity(len(warp.size)):
            steps.append(step)
    interpolation, mode, *values = _agreed(warps)
    swapping = [warp for warp in warps if warp.class_swap and warp.pieces]
    every = [maps.matrix_of(map) for warp in warps for map in _maps(warp)]
    fills = [warp.origin for warp in warps if not warp.inside and warp.border.mode == "constant"]
    return Lookup(
        filler=(fills or [warps[0].origin])[0],
        before=warps[0].before,
        size=warps[-1].size,
        steps=tuple(steps),
        border=None if mode is None else Border(mode, *values),
        interpolation=interpolation,
        swaps=tuple(Swap(warp.class_swap, mirrored(warp), warp.origin) for warp in swapping),
        exact=not warps[0].mixes
        and all(each is not None and each.whole and each.inside for each in every),
        mixes=warps[0].mixes,
        axes=warps[0].axes,
    )


def _maps(warp):
    """The maps that it chooses between."""
    rest = [] if warp.rest is None or (warp.acts is None and warp.pieces) else [warp.rest]
    return [piece.map for piece in warp.pieces] + rest


def map_of(warp):
    """The one map of a warp that does not mix."""
    first, *rest = _maps(warp)
    return maps.select(warp.acts, first, rest[0]) if rest else first


def mirrored(warp):
    side = matrices.orientation(maps.matrix_of(warp.pieces[0].map))
    # Otherwise the compiler would compute it for every pixel.
    [side] = materialize([ops.convert_to_tensor(side)])
    negative = ops.reshape(side < 0.0, (-1,))
    return negative if warp.acts is None else negative & warp.acts


def inverted(operations):
    """What moves a batch back, as `Lookup`s: only the warps, in reverse order.

    Pixels that are not shown are filled with the border's constants of the first warp that has any.
    """
    warps = [each for each in operations if isinstance(each, Warp)]
    for each in operations:
        if isinstance(each, Blend):
            raise ValueError(
                f"{type(each.origin).__name__}: `invert` cannot take apart samples that were "
                "blended. Leave this layer out of what is to be moved back."
            )
    if not warps:
        return []
    # A flip has none, and neither has what mirrors at the border: what it holds is the default.
    borders = [each.border for each in warps]
    given = [each[1:] for each in borders if each.mode == "constant" or any(each[1:])]
    border = Border("constant", *([*given, (0.0, 0)][0]))
    interpolation, *_ = _agreed(warps)
    return fuse([_inverted(warp, border, interpolation) for warp in reversed(warps)])


def _inverted(warp, border, interpolation):
    given = {
        "before": warp.size,
        "size": warp.before,
        "border": border,
        "inside": False,
        "interpolation": interpolation,
        "axes": None,
    }
    if warp.mixes:
        mixing.check_invertible(warp)
        return replace(warp, back=True, **given)
    pieces = tuple(replace(piece, map=maps.inverse(piece.map)) for piece in warp.pieces)
    rest = None if warp.rest is None else maps.inverse(warp.rest)
    return replace(warp, pieces=pieces, rest=rest, **given)
