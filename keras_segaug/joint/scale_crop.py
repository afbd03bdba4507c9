from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.core.types import Range
from keras_segaug.engine.sampling_grid import SamplingGrid
from keras_segaug.kernels.window_shares import grid_shares
from keras_segaug.kernels.windows import (
    Confined,
    Window,
    least,
    middle,
    offset,
    rounded,
    stretched,
    whole_image,
)
from keras_segaug.kernels.xla_cpu.blocks import computed_once

# Points along each side of a window that tell which classes fill most of it.
_GRID = 16


class JointRandomScaleCrop(JointLayer):
    """Large-scale jitter: scales the image, then crops or pads it to a fixed size.

    At scale 1 the image just fits into height x width, its aspect kept; at scale 2 it is twice as
    large and a random window of it is shown; at 0.5 it lies in the middle, and the rest is filled
    as `fill_mode` says. Each axis is rounded to whole pixels and cropped or padded separately
    (Ghiasi et al., "Simple copy-paste is a strong data augmentation method for instance
    segmentation", CVPR 2021, section 3). With `relative_to="image"` scale 1 is the image's own
    size: a resize by a random ratio, then a crop, as mmsegmentation's
    `RandomResize(ratio_range=...)` and `RandomCrop`. It is one lookup. The result has a known size
    even where the image's size is not known. At inference the scale is 1, and the window is in the
    middle.

    The mask can influence the choice of the window, as in `JointRandomCrop`: the first mask, as the
    layers before leave it. It is read at a grid of 16 x 16 points of the window, through the
    window's own map, and not at every pixel.

    Args:
        height: the result's height in pixels; or a pair (height, width).
        width: the result's width in pixels. None: the same as the height.
        scale: a pair (lower, upper) of numbers above 0, drawn uniformly between;
            a float `f` below 1 means (1 - f, 1 + f).
        relative_to: what has scale 1: "result", the image that fits into the result, or
            "image", the image as it is.
        max_class_fraction: no class may have more than this share of the grid's points that lie
            inside the image and are not ignored. The first of `candidates` random windows, all of
            the drawn scale, that meets this is taken, and if none does, the one that comes nearest.
            None: the mask is not used. Points of `ignore_class` count neither as a class nor as
            points, nor do those of a one-hot mask where no channel is on.
        ignore_class: the id of pixels without a label, or None.
        candidates: how many windows to choose from, for `max_class_fraction`.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> jitter = keras_segaug.JointRandomScaleCrop(8, 8, scale=(0.5, 2.0))
    >>> images, masks = jitter(np.zeros((2, 12, 16, 3), "uint8"), np.ones((2, 12, 16), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8)
    """

    def __init__(
        self,
        height: int | Sequence[int],
        width: int | None = None,
        scale: Range = (0.1, 2.0),
        relative_to: str = "result",
        max_class_fraction: float | None = None,
        ignore_class: int | None = None,
        candidates: int = 10,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.height, self.width = checks.window_size(self, height, width)
        self.scale = checks.range_around_one(self, "scale", scale)
        self.relative_to = checks.one_of(self, "relative_to", relative_to, ("result", "image"))
        self.max_class_fraction = checks.share(self, "max_class_fraction", max_class_fraction)
        self.ignore_class = ignore_class
        if ignore_class is not None:
            self.ignore_class = checks.integer(self, "ignore_class", ignore_class)
        self.candidates = checks.positive_integer(self, "candidates", candidates)

    def output_spec(self, spec):
        return spec.resized(self.height, self.width)

    def draw(self, draws):
        scale = draws.uniform(*self.scale)
        if not self._resolves():
            return {"scale": scale, "top": draws.uniform(), "left": draws.uniform()}
        drawn = {
            side: ops.stack([draws.uniform() for _ in range(self.candidates)], axis=1)
            for side in ("top", "left")
        }
        return {"scale": scale, **drawn}

    def _resolves(self):
        return self.max_class_fraction is not None

    def resolve(self, parameters, view):
        if not self._resolves() or "chosen_top" in parameters:
            return parameters
        if not view.masks:
            raise ValueError(
                "JointRandomScaleCrop: masks are missing, and `max_class_fraction` needs them to "
                "choose the window. Pass images and masks, or leave it out."
            )
        mask = view.masks[0]
        checks.known_channels(self, "masks", mask.shape[-1])
        sides = [parameters[name] for name in ("top", "left")]
        # Not every kernel accepts a batch without samples.
        empty = mask.shape[0] == 0
        chosen = (
            [x[:, 0] for x in sides] if empty else self._chosen(mask, parameters["scale"], *sides)
        )
        return {**parameters, **dict(zip(("chosen_top", "chosen_left"), chosen, strict=True))}

    @computed_once
    def _chosen(self, mask, scale, *sides):
        """The first of (B, K) candidates that meets the limit, or else the nearest: (B,) a side."""
        top, left = (ops.reshape(each, (-1,)) for each in sides)
        windows = {"scale": ops.repeat(scale, self.candidates), "top": top, "left": left}
        rows, columns = self._points(windows, ops.shape(mask)[1:3])
        shares = grid_shares(mask, rows, columns, self.candidates, self.ignore_class)
        shares = ops.reshape(shares, (-1, self.candidates))
        limit = self.max_class_fraction
        best = ops.argmin(ops.where(shares <= limit, 0.0, shares), axis=1)[:, None]
        return [ops.take_along_axis(each, best, axis=1)[:, 0] for each in sides]

    def _points(self, windows, size):
        """Where the rows (N, 16) and the columns (N, 16) of a grid in each window look."""
        lines = (
            [float((i + 0.5) * length // _GRID) for i in range(_GRID)]
            for length in (self.height, self.width)
        )
        rows, columns = (ops.convert_to_tensor(each, dtype="float32") for each in lines)
        grid = rows[None, :, None], columns[None, None, :]
        points = SamplingGrid((_GRID, _GRID), None, grid).moved(self._scaled(windows, size))
        return [ops.reshape(axis, (-1, _GRID)) for axis in points.grid()]

    def plan(self, parameters, spec):
        rest = self._scaled({"scale": 1.0}, spec.size)
        drawn = parameters
        if parameters and "chosen_top" in parameters:
            chosen = {"top": parameters["chosen_top"], "left": parameters["chosen_left"]}
            drawn = {**parameters, **chosen}
        return self._warp(spec, drawn and self._scaled(drawn, spec.size), rest)

    def _scaled(self, parameters, size):
        whole, result = whole_image(size), (self.height, self.width)
        fit = 1.0
        if self.relative_to == "result":
            fit = least(*(n / length for n, length in zip(result, whole.size, strict=True)))
        shown = [rounded(length * fit * parameters["scale"]) for length in whole.size]
        start = [
            -(offset(parameters[side], length, n) if side in parameters else middle(length, n))
            for side, length, n in zip(("top", "left"), shown, result, strict=True)
        ]
        matrix = stretched(whole, Window(tuple(start), tuple(shown)))
        return Confined(matrix, whole, separate=self.fill_mode == "constant")
