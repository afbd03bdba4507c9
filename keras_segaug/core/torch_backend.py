"""Like `backend.py`: what torch does best with operations of its own.

torch runs line by line, so what counts is how often memory is read and written. On a CPU the work
is done image by image, so that what is written is still in the cache; elsewhere all at once.
Nothing in here asks for the value of a tensor. See docs/decisions/0026-torch.md.
"""

import keras
import torch
from torch.nn.functional import grid_sample

from keras_segaug.core import backend
from keras_segaug.core.devices import runs_python_on_cpu

# `grid_sample` takes positions as fractions of the size; in larger images float32's loss shows.
_MOST_PIXELS = 4096
# See `samplers`.
_ON_PIXEL = 2.0**-13
# A share too small to change a sum, but with a square that is not 0 yet.
_LEAST = 2.0**-60


def not_compiled(function):
    """The function, left alone by `torch.compile`."""
    return torch.compiler.disable(function)


def full_precision(tensor):
    """Within this context `torch.autocast` does not lower the precision on the tensor's device."""
    return torch.autocast(tensor.device.type, enabled=False)


def gather_rows(table, indices):
    """As `backend.gather_rows`; `table[indices]` takes four times as long."""
    shape = *indices.shape, *table.shape[1:]
    # It copies single values one by one, but calls a function for each row.
    table = table.reshape(-1) if table.shape[1:] == (1,) else table
    return table.index_select(0, indices.reshape(-1)).reshape(shape)


def clip(values, low, high):
    """As `keras.ops.clip`, but without tensors for the limits, which are slow on torch."""
    numbers = isinstance(low, (int, float)) and isinstance(high, (int, float))
    if numbers and isinstance(values, torch.Tensor) and values.dtype == torch.float32:
        return values.clamp(low, high)
    return keras.ops.clip(values, low, high)


def eight_bits(values):
    """As `byte_packing.eight_bits`."""
    return values.clamp(0.0, 255.0).round_().to(torch.uint8)


def where(condition, result, original):
    """Per sample: the result where the condition (B,) holds, the original elsewhere.

    `torch.where` reads a condition for every value, and takes several times as long.
    """
    if backend.is_compiling():
        return torch.where(condition.view(-1, *[1] * (original.dim() - 1)), result, original)
    planes = not original.is_contiguous() and original.dim() == 4
    if planes:
        result, original = (each.permute(0, 3, 1, 2) for each in (result, original))
    count = len(original)
    place = torch.arange(count, device=original.device) + count * condition
    found = torch.cat(torch.broadcast_tensors(original, result)).index_select(0, place)
    return found.permute(0, 2, 3, 1) if planes else found


def where_held(held, result, original):
    """The pixels (B, *size, C) of the result where `held` (B, *size), bool, else the original's.

    Bytes are combined bit by bit: a tenth of the time of `torch.where` on a CPU.
    """
    held = held[..., None]
    if result.dtype != torch.uint8 or not runs_python_on_cpu(result):
        return torch.where(held, result, original)
    bits = torch.cat([held.to(torch.uint8).neg_()] * result.shape[-1], dim=-1)
    return (result ^ original).bitwise_and_(bits).bitwise_xor_(original)


def by_parts(function, tensors, count):
    """Calls `function` with `count` samples at a time and returns its list of tensors."""
    starts = range(0, len(tensors[0]), count)
    parts = [function([each[start : start + count] for each in tensors]) for start in starts]
    return [torch.cat([in_order(x) for x in column]) for column in zip(*parts, strict=True)]


def in_order(tensor):
    """The tensor with its channels innermost in memory as well."""
    if tensor.is_contiguous():
        return tensor
    # Its channels are in planes; `contiguous` takes twice as long.
    return torch.stack(tensor.unbind(-1), dim=-1)


def mirrored(position, size):
    """As in `samplers.fold`, in place where nothing else uses what is overwritten."""
    place, period = position + 0.5, 2.0 * size
    turns = (place * (1.0 / period)).round_().mul_(period)
    return place.sub_(turns).abs_().sub_(0.5)


def can_look_up(images, labels, grid):
    """Can `blended` and `nearest` take such images and labels at a `SamplingGrid`?

    Not when compiled: packed words are then read in half the time.
    """
    if backend.is_compiling():
        return False
    batch, *size, _ = (labels[0][0] if images is None else images).shape
    known = all(isinstance(n, int) and 0 < n <= _MOST_PIXELS for n in size)
    return grid.source is None and known and len(size) == 2 and batch > 0


@torch.no_grad()
def blended(images, points, fill_mode, fill_value):
    """Images (B, H, W, C), uint8, at points: bilinear, rounded.

    Args:
        images: the images.
        points: (y, x), float32, each of which broadcasts to (B, h, w), folded into the image.
        fill_mode: see `samplers.sampler`.
        fill_value: likewise.
    """
    values = images.to(torch.float32)
    if fill_mode == "wrap":
        values = torch.cat([values, values[:, :1]], dim=1)
        values = torch.cat([values, values[:, :, :1]], dim=2)
    elif fill_mode == "constant" and fill_value:
        values -= fill_value
    sizes = values.shape[1:3]
    # Each coordinate in a plane of its own: `grid_sample` reads them as fast as side by side.
    places = [(x * (2.0 / n)).add_(1.0 / n - 1.0) for x, n in zip(points, sizes, strict=True)]
    grid = torch.stack(torch.broadcast_tensors(*reversed(places))).permute(1, 2, 3, 0)
    padding = "zeros" if fill_mode == "constant" else "border"
    found = grid_sample(
        values.permute(0, 3, 1, 2), grid.expand(len(images), -1, -1, -1), "bilinear", padding, False
    )
    if fill_mode == "constant" and fill_value:
        found += fill_value
    return found.round_().to(torch.uint8).permute(0, 2, 3, 1)


def nearest(labels, points, fill_mode, fill, corners):
    """Labels (B, H, W, K) at points as `blended` takes them, each of the pixel the point lies on.

    Args:
        labels: any dtype.
        points: see `blended`.
        fill_mode: likewise.
        fill: for "constant", a number or one per channel.
        corners: is the nearest chosen among the corners that `packed_sampler` reads? Otherwise a
            point just below the middle between two pixels is rounded onto the middle.
    """
    table = _bordered(labels, fill_mode, fill)
    margin = _margin(fill_mode)
    pixels = [_whole(x, corners).add_(margin) for x in points]
    index = torch.add(*_indices(table, pixels))
    return gather_rows(table.reshape(-1, labels.shape[-1]), index)


def blended_floats(images, points, fill_mode, fill_value):
    """As `blended`, but float32, for images of any dtype: NaN without a share has no effect.

    On a pixel both neighbors are exactly that pixel, which `grid_sample` misses by some 1e-5.
    """
    table = _bordered(images, fill_mode, fill_value)
    margin = _margin(fill_mode)
    firsts = [(x + _ON_PIXEL).floor_() for x in points]
    apart = [x - first for x, first in zip(points, firsts, strict=True)]
    steps = [(x - _ON_PIXEL).ceil_() for x in apart]
    # Nearly 0, but not 0: 0 times infinity is NaN.
    lower, right = (x.mul(step).add_(_LEAST) for x, step in zip(apart, steps, strict=True))
    rows, columns = _indices(table, [first + margin for first in firsts])
    below, beside = (step.to(torch.int32) for step in steps)
    rows = rows, rows + below * table.shape[2]
    columns = columns, columns + beside
    upper, left = 1.0 - lower, 1.0 - right
    corners = [
        (y * x, row + column)
        for y, row in zip((upper, lower), rows, strict=True)
        for x, column in zip((left, right), columns, strict=True)
    ]
    planes = torch.stack([plane.flatten() for plane in table.to(torch.float32).unbind(-1)])
    found = []
    for plane in planes:
        first, *others = (weight * gather_rows(plane, index) for weight, index in corners)
        found.append(sum(others, first))
    return torch.stack(found, dim=1).permute(0, 2, 3, 1)


def _margin(fill_mode):
    return 1 if fill_mode == "constant" else 0


def _indices(table, pixels):
    """Row starts in the flattened pixels of a table (B, H, W, C), and columns."""
    batch, height, width = table.shape[:3]
    pairs = zip(pixels, (height, width), strict=True)
    rows, columns = (x.to(torch.int32).clamp_(0, n - 1) for x, n in pairs)
    rows = rows.mul_(width)
    if batch > 1:
        own = torch.arange(batch, dtype=torch.int32, device=table.device)
        rows = rows + (own * (height * width)).view(-1, 1, 1)
    return rows, columns


def _whole(position, corners):
    if not corners:
        return (position + 0.5).floor_()
    first = position.floor()
    # A part above 1/2 belongs to the next pixel; a comparison takes longer.
    return (position - first).sub_(0.5).floor_().add_(first).add_(1.0)


def _bordered(labels, fill_mode, fill):
    """The labels, extended by what points may reach beyond the last pixel, or around it."""
    if fill_mode == "wrap":
        labels = torch.cat([labels, labels[:, :1]], dim=1)
        return torch.cat([labels, labels[:, :, :1]], dim=2)
    if fill_mode != "constant":
        return labels
    batch, height, width, channels = labels.shape
    table = labels.new_empty((batch, height + 2, width + 2, channels))
    table[:] = torch.as_tensor(fill, dtype=labels.dtype, device=labels.device)
    table[:, 1:-1, 1:-1] = labels
    return table
