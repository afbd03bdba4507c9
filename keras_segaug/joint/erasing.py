import math

from keras_segaug import checks
from keras_segaug.core import random
from keras_segaug.core.backend import ops
from keras_segaug.core.inputs import Batch
from keras_segaug.core.layer_types import JointLayer, mask_fill
from keras_segaug.core.steps import as_dtype
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.windows import offset, rounded


class JointRandomErasing(JointLayer):
    """Fills random rectangles of the image, and of the mask if that is wanted.

    Each rectangle's area, as a share of the picture's, is uniform in `scale`, its aspect
    (width by height) log-uniform in `ratio`; a side longer than the picture is cut to it.
    Every place inside the picture is equally likely (Zhong et al., "Random Erasing Data
    Augmentation", AAAI 2020). Rectangles may overlap. The border settings and
    `interpolation` play no part.

    Where the mask is written, per-pixel weights become 0: nothing is left to learn there.
    Where it is left as it is, they keep their value.

    Args:
        scale: a pair (lower, upper) in [0, 1]: a rectangle's share of the area. A share of 0
            erases nothing, any other at least one pixel.
        ratio: a pair (lower, upper) of numbers above 0: its width by its height.
        count: how many rectangles to fill in each sample.
        fill_value: the number to write into the image, or "noise": uniform noise between
            the ends of `value_range`, one for each pixel and channel.
        mask_fill_value: the class to write into the masks (a one-hot mask gets its row), or
            None to leave them alone, as `keras.layers.RandomErasing` does.
        value_range: of the images, for "noise". None: see `ImageOnlyLayer`.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> erasing = keras_segaug.JointRandomErasing(
    ...     scale=(0.25, 0.25), ratio=(1, 1), mask_fill_value=255
    ... )
    >>> images, masks = erasing(np.ones((8, 8, 3), "uint8"), np.ones((8, 8), "uint8"))
    >>> int((np.asarray(masks) == 255).sum())
    16
    """

    moves = False

    def __init__(
        self,
        *,
        scale=(0.02, 0.33),
        ratio=(0.3, 1 / 0.3),
        count=1,
        fill_value=0.0,
        mask_fill_value=None,
        value_range=None,
        **kwargs,
    ):
        noise = isinstance(fill_value, str)
        written = 0 if mask_fill_value is None else mask_fill_value
        super().__init__(fill_value=0.0 if noise else fill_value, mask_fill_value=written, **kwargs)
        self.scale = checks.bounds(self, "scale", scale, 0.0, 1.0)
        self.ratio = checks.above_zero(self, "ratio", ratio, math.inf)
        self.count = checks.positive_integer(self, "count", count)
        if noise:
            self.fill_value = fill_value
            if fill_value != "noise":
                checks.fail(self, "fill_value", 'a number or "noise"', fill_value)
        if mask_fill_value is None:
            self.mask_fill_value = None
        self.value_range = checks.optional_value_range(self, value_range)

    @property
    def uses_range(self):
        return self.fill_value == "noise"

    def draw(self, draws):
        lower, upper = (math.log(bound) for bound in self.ratio)
        ranges = {"area": self.scale, "aspect": (lower, upper), "top": (0, 1), "left": (0, 1)}
        drawn = {
            name: ops.stack([draws.uniform(*ends) for _ in range(self.count)], axis=1)
            for name, ends in ranges.items()
        }
        return {**drawn, "noise": draws.key()} if self.fill_value == "noise" else drawn

    def run(self, group, batch):
        (_, parameters), *_ = group
        if parameters is None:
            return batch
        erased = self._erased(parameters, *ops.shape(batch.images)[1:3])
        if "applied" in parameters:
            erased = erased & ops.reshape(parameters["applied"], (-1, 1, 1, 1))
        images = _written(erased, self._filling(parameters, batch.images), batch.images)
        if self.mask_fill_value is None:
            return Batch(images, batch.masks, batch.weights)
        masks = [
            _written(erased, mask_fill(self, mask, "constant", self.mask_fill_value), mask)
            for mask in batch.masks
        ]
        return Batch(images, masks, [_written(erased, 0, x) for x in batch.weights])

    def _filling(self, parameters, images):
        if self.fill_value != "noise":
            checks.fits_images(self, "fill_value", self.fill_value, dtype_of(images))
            return as_dtype(ops.convert_to_tensor(self.fill_value), dtype_of(images))
        noise = random.uniform_field(parameters["noise"], *ops.shape(images)[1:])
        lowest, highest = parameters["value_range"]
        return as_dtype(lowest + (highest - lowest) * noise, dtype_of(images))

    def _erased(self, parameters, height, width):
        """(B, H, W, 1): does a pixel lie in one of the rectangles?"""
        area = parameters["area"] * ops.cast(height * width, "float32")
        aspect = ops.exp(parameters["aspect"])
        inside = [
            _between(parameters[place], ops.sqrt(side), size)
            for place, side, size in (
                ("top", area / aspect, height),
                ("left", area * aspect, width),
            )
        ]
        return ops.any(inside[0][:, :, :, None] & inside[1][:, :, None, :], axis=1)[..., None]


def _between(fraction, side, size):
    """(B, N, size): which rows or columns do the rectangles cover?"""
    # No area is no rectangle, not one of a single pixel.
    side = ops.where(side > 0.0, rounded(side), 0.0)
    side = ops.minimum(side, ops.cast(size, "float32"))
    first = offset(fraction, size, side)[..., None]
    place = ops.cast(ops.arange(size, dtype="int32"), "float32")
    return (place >= first) & (place < first + side[..., None])


def _written(erased, value, tensor):
    return ops.where(erased, ops.cast(ops.convert_to_tensor(value), tensor.dtype), tensor)
