import itertools
from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.mixing_layer import MixingLayer
from keras_segaug.engine.operations import Boxes, Piece
from keras_segaug.kernels import matrices
from keras_segaug.kernels.windows import Confined, Window, stretched, whole_image


class JointMosaic(MixingLayer):
    """Joins parts of four images of the batch around a point, with their masks.

    Bochkovskiy et al., "YOLOv4", 2020. A point is drawn; the four rectangles around it show four
    samples, each through its own window: at its own scale, anywhere in its image, never beyond it.
    The sample itself is at the upper left, its next three partners at the upper right, lower left
    and lower right (with fewer than four samples some are shown twice), so that over a batch each
    sample is at each place once. All this is one lookup.

    Args:
        height: of the result.
        width: of the result.
        scale: a pair (lower, upper) above 0: by how much an image is enlarged, drawn uniformly for
            each of the four; more where its window would otherwise reach beyond the image.
        center: a pair (lower, upper) in [0, 1]: where the point lies along each axis, as a share
            of the result, to the nearest whole pixel.
        interpolation: "nearest", "bilinear" or "bicubic", for the images.
        **kwargs: see `MixingLayer`. At inference, and where the layer does not act, the whole
            sample is resized.

    Raises:
        ValueError: for images without a batch axis.

    Example:

    >>> mosaic = keras_segaug.JointMosaic(16, 16, seed=1)
    >>> masks = np.repeat(np.arange(4, dtype="uint8"), 64).reshape(4, 8, 8)
    >>> images, masks = mosaic(np.zeros((4, 8, 8, 3), "uint8"), masks)
    >>> np.unique(np.asarray(masks)[0]).tolist()
    [0, 1, 2, 3]
    """

    def __init__(
        self,
        height: int,
        width: int,
        *,
        scale: Sequence[float] = (0.5, 1.5),
        center: Sequence[float] = (0.25, 0.75),
        interpolation: str = "bilinear",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.height = checks.positive_integer(self, "height", height)
        self.width = checks.positive_integer(self, "width", width)
        self.scale = checks.above_zero(self, "scale", scale, 1e3)
        self.center = checks.bounds(self, "center", center, 0.0, 1.0)
        self.interpolation = checks.one_of(
            self, "interpolation", interpolation, checks.INTERPOLATIONS
        )

    def output_spec(self, spec):
        return spec.resized(self.height, self.width)

    def draw(self, draws):
        partners = draws.partners(3, self.across_shards)
        drawn = {name: draws.uniform(*self.center) for name in ("center_y", "center_x")}
        ranges = {"scale": self.scale, "top": (0.0, 1.0), "left": (0.0, 1.0)}
        drawn |= {
            name: ops.stack([draws.uniform(*ends) for _ in range(4)], axis=1)
            for name, ends in ranges.items()
        }
        return {"partner": ops.stack(partners, axis=1), **drawn}

    def inference_matrix(self, size):
        return stretched(whole_image(size), whole_image((self.height, self.width)))

    def pieces(self, parameters, size):
        shown = self.height, self.width
        names = ("center_y", "center_x")
        middle = [ops.round(parameters[k] * n) for k, n in zip(names, shown, strict=True)]
        # (first pixel, length) of the parts of each axis before and after the point.
        parts = [((0.0 * x, x), (x, float(n) - x)) for x, n in zip(middle, shown, strict=True)]
        pieces = []
        for number, part in enumerate(itertools.product(*parts)):
            start, length = zip(*part, strict=True)
            source = parameters["partner"][:, number - 1] if number else None
            region = Boxes(tuple(x[:, None] for x in start), tuple(x[:, None] for x in length))
            window = self._window(parameters, number, length, size)
            matrix = stretched(window, Window(start, length))
            pieces.append(Piece(Confined(matrix, None), source, region))
        return pieces

    def _window(self, parameters, number, length, size):
        """The window of a sample of this size for a rectangle of the result of this length."""
        size = [matrices.as_float(n) for n in size]
        scale = parameters["scale"][:, number]
        for n, part in zip(size, length, strict=True):
            scale = ops.maximum(scale, part / n)
        # A side of 0 pixels shows nothing, but its matrix must have an inverse.
        extent = [ops.maximum(part, 1.0) / scale for part in length]
        triples = zip(("top", "left"), size, extent, strict=True)
        start = [parameters[name][:, number] * (n - part) for name, n, part in triples]
        return Window(tuple(start), tuple(extent))
