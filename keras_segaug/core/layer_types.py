"""The three kinds of layers: geometry for both, colour for the image, coding for the mask."""

from keras_segaug import checks
from keras_segaug.checks import classes
from keras_segaug.core.backend import ops
from keras_segaug.core.inputs import Batch
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.engine.sampling_grid import Points
from keras_segaug.kernels import labels, matrices
from keras_segaug.kernels.channels import joined, split
from keras_segaug.kernels.copies import can_copy, copy
from keras_segaug.kernels.sampling import dtype_of, look_up
from keras_segaug.kernels.xla_cpu.blocks import materialised
from keras_segaug.kernels.xla_cpu.tables import can_tabulate, tabulated


def where_applied(parameters, result, original):
    """Per sample: the result where the layer acts, the original elsewhere."""
    if "applied" not in (parameters or {}):
        return result
    return ops.where(ops.reshape(parameters["applied"], (-1, 1, 1, 1)), result, original)


class JointLayer(AugmentationLayer, abstract=True):
    """Geometry: a layer states where each output pixel looks, image and mask follow alike.

    Hooks: `draw(draws)`, and `matrix(parameters, height, width)` or, for what is no matrix,
    `warp(parameters, height, width)`; `aim(parameters, batch)` for a layer that must see the
    masks before it knows where to look.

    8-bit images stay 8-bit through a lookup: blended values are rounded. Give float images
    where that matters. NaN in float images spreads no further than it is blended: moved by
    whole pixels, it stays one pixel.

    Args:
        fill_mode: what lies outside the picture: "reflect", "wrap", "nearest" or
            "constant", as in Keras.
        fill_value: the images' value outside, for "constant". NaN, no data, for float images.
        mask_fill_value: the class outside, for "constant" alone; a one-hot mask gets the row of
            that class, or zeros where there is no such class. Weights get 0.
        interpolation: "nearest", "bilinear" or "bicubic", for the images. Masks and
            weights are always looked up as nearest.
        **kwargs: see `AugmentationLayer`.
    """

    # True where points fall on pixels only, so that the lookup needs no interpolation.
    exact = False
    # Pairs of classes that change places where the layer mirrors; None: it never does, or none do.
    class_swap = None
    moves = True
    # Does it blend more than a lookup does, so that none can be shared?
    apart = False
    # False where the points never leave the picture, so that the border does not matter.
    leaves_picture = True

    def __init__(
        self,
        fill_mode="reflect",
        fill_value=0.0,
        mask_fill_value=0,
        interpolation="bilinear",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.fill_mode = checks.one_of(self, "fill_mode", fill_mode, checks.FILL_MODES)
        self.fill_value = checks.fill_value(self, "fill_value", fill_value)
        self.mask_fill_value = classes.label(self, "mask_fill_value", mask_fill_value)
        if self.moves and self.mask_fill_value != 0 and fill_mode != "constant":
            accepted = (
                f"0 with fill_mode={fill_mode!r}, which fills from the mask itself; to fill with a "
                'class write fill_mode="constant"'
            )
            checks.fail(self, "mask_fill_value", accepted, mask_fill_value)
        self.interpolation = checks.one_of(
            self, "interpolation", interpolation, checks.INTERPOLATIONS
        )

    def matrix(self, parameters, height, width):
        """From output to input: a `kernels.matrices` matrix for pictures of this size."""
        raise NotImplementedError(f"{type(self).__name__} must define `matrix`.")

    def rest_matrix(self, height, width):
        """The matrix at inference, and for samples that the layer leaves alone."""
        return matrices.IDENTITY

    def warp(self, parameters, height, width):
        """What moves the points: the matrix, or a function as in `kernels.fields`."""
        return self.matrix(parameters, height, width)

    def trace(self, points, parameters, height, width, inverse=False):
        """Follows points of the output of this layer into its input of this size.

        The inverse follows points of the input to where they are in the output.
        """
        return self.follow(points, parameters, height, width, inverse)

    def follow(self, points, parameters, height, width, inverse=False):
        """As `trace`, for points that are no pixels to be looked up: no window confines them."""
        rest = points.moved(self.rest_matrix(height, width), inverse)
        if parameters is None and self.random:
            return rest
        moved = points.moved(self.warp(parameters, height, width), inverse)
        if "applied" not in (parameters or {}):
            return moved
        return Points.select(parameters["applied"], moved, rest)

    def lookup(self):
        """(interpolation, fill mode, fill value, mask fill value); None: any will do."""
        border = (self.fill_mode, self.fill_value, self.mask_fill_value)
        if not self.leaves_picture:
            border = (None, None, None)
        elif self.fill_mode != "constant":
            border = (self.fill_mode, None, None)
        return (None if self.exact else self.interpolation, *border)

    def copies(self, height, width):
        """Is each point a pixel of a picture of this size? Then no lookup is needed."""
        return self.exact and not self.leaves_picture

    def merges(self, group):
        layers = [layer for layer, _ in group] + [self]
        if not all(layer.moves and not layer.apart for layer in layers):
            return False
        return shared_lookup(layers) is not None

    def by_picture(self, group, size):
        if not self.moves:
            return False
        sizes = sizes_of(group, size)
        points = traced(group, sizes)
        return not points.is_identity and not copies(group, sizes, points)

    def run(self, group, batch):
        sizes = sizes_of(group, batch.size())
        points = traced(group, sizes)
        batch = with_classes_swapped(group, sizes, batch)
        if copies(group, sizes, points):
            images, *moved = copy([batch.images, *batch.masks, *batch.weights], points)
            return Batch(images, moved[: len(batch.masks)], moved[len(batch.masks) :])
        interpolation, mode, *fill = shared_lookup([layer for layer, _ in group])
        # A message about what is filled names the layer that fills.
        fills = [layer for layer, _ in group if layer.lookup()[1] == "constant"]
        return (fills or [self])[0]._look_up(batch, points, interpolation, mode, *fill)

    def undo(self, group, batch, size, predictions=False):
        sizes = sizes_of(group, size)
        checks.picture_size(self, batch.size(), sizes[-1])
        points = Points(*size)
        for (layer, parameters), before in zip(group, sizes[:-1], strict=True):
            points = layer.trace(points, parameters, *before, inverse=True)
        batch = with_classes_swapped(group[::-1], sizes[-2::-1], batch, predictions)
        given = [layer.lookup()[0] for layer, _ in group]
        interpolation = next((each for each in given if each is not None), None)
        border = ("constant", self.fill_value, self.mask_fill_value)
        return self._look_up(batch, points, interpolation, *border)

    def _look_up(self, batch, points, interpolation, mode, value, mask_value):
        if points.is_identity:
            return batch
        mode = mode or "nearest"
        if mode == "constant":
            checks.fits_images(self, "fill_value", value, dtype_of(batch.images))
        rest = [(mask, mask_fill(self, mask, mode, mask_value)) for mask in batch.masks]
        rest += [(weights, 0) for weights in batch.weights]
        images, moved = look_up(
            batch.images, rest, points, interpolation or "nearest", mode, value or 0.0
        )
        return Batch(images, moved[: len(batch.masks)], moved[len(batch.masks) :])


def sizes_of(group, size):
    """The size of the picture before each step, and after the last."""
    sizes = [tuple(size)]
    for layer, _ in group:
        sizes.append(tuple(layer.output_size(*sizes[-1])))
    return sizes


def traced(group, sizes):
    """Where the pixels of what a group makes look in the picture before its first step."""
    points = Points(*sizes[-1])
    for (layer, parameters), size in zip(reversed(group), reversed(sizes[:-1]), strict=True):
        points = layer.trace(points, parameters, *size)
    return points


def copies(group, sizes, points):
    """Is every one of these points a pixel, so that whole windows can be copied?"""
    exact = all(layer.copies(*size) for (layer, _), size in zip(group, sizes, strict=False))
    return exact and can_copy(points, *sizes[0])


def with_classes_swapped(group, sizes, batch, predictions=False):
    """The masks, left and right swapped for the samples that a step of the group mirrors.

    Before the lookup, so that what is filled keeps its class. Of predictions, which are class
    scores in the place of the images, the channels swap likewise.
    """
    images, masks = batch.images, batch.masks
    for (layer, parameters), size in zip(group, sizes, strict=False):
        if layer.class_swap and parameters is not None:
            side = matrices.orientation(layer.matrix(parameters, *size))
            # Else the compiler would compute it once a pixel.
            [side] = materialised([ops.convert_to_tensor(side)])
            mirrored = where_applied(parameters, ops.reshape(side < 0.0, (-1, 1, 1, 1)), False)
            masks = [labels.swap(layer, mask, layer.class_swap, mirrored) for mask in masks]
            if predictions:
                images = labels.swap_scores(layer, images, layer.class_swap, mirrored)
    return Batch(images, masks, batch.weights)


def shared_lookup(layers):
    """The one setting all these layers can be looked up with, or None where they differ."""
    merged = (None, None, None, None)
    for layer in layers:
        pairs = list(zip(merged, layer.lookup(), strict=True))
        if any(a is not None and b is not None and not _equal(a, b) for a, b in pairs):
            return None
        merged = tuple(b if a is None else a for a, b in pairs)
    return merged


def _equal(a, b):
    """Also of NaN, which does not equal itself."""
    return a == b or (a != a and b != b)


def mask_fill(layer, mask, mode, value):
    """What a filled pixel of this mask holds: the class, or its one-hot row."""
    if mode != "constant":
        return 0
    channels = mask.shape[-1]
    checks.known_channels(layer, "masks", channels)
    if channels > 1:
        return [int(channel == value) for channel in range(channels)]
    checks.fits_dtype(layer, "mask_fill_value", value, dtype_of(mask))
    return value


class ImageOnlyLayer(AugmentationLayer, abstract=True):
    """Colour, noise, blur: the masks come back bit for bit.

    Hooks: `draw(draws)`, and `transform_images(images, parameters)` or, for what mixes the
    channels of a pixel, `transform_channels(channels, parameters)`.

    A layer with an argument `value_range` finds the range to work with in
    `parameters["value_range"]`: its own, where it was given one; else what the layers before
    have made, in a `Pipeline`, of the pipeline's `value_range`; else, of the dtype that the
    images came in, all that unsigned integers can hold (0 to 65535 for uint16), and (0, 255) for
    floats, as in Keras. Signed integers have no range of their own: one must be given. Where
    values can be seen, floats outside of an assumed (0, 255) raise, and floats that all lie in
    [0, 1] give a warning.
    """

    touches = "images"
    # Does `transform_images` look at other pixels of a picture, too?
    looks_around = False
    # Does `transform_images` do the same to every channel, whatever the others are?
    by_channel = False
    # Does it do the same to equal values, wherever they are, and is it dear to compute? On a CPU
    # it is then computed once for each of the 256 values of 8-bit images, and looked up.
    by_value = False

    def by_picture(self, group, size):
        return self.looks_around

    def transform_images(self, images, parameters):
        """New images from float32 images (B, H, W, C); drawn numbers come as (B, 1, 1, 1)."""
        raise NotImplementedError(f"{type(self).__name__} must define `transform_images`.")

    def transform_channels(self, channels, parameters):
        """The same for a list of the C channels, each (B, H, W, 1), which it returns as a list."""
        return [self.transform_images(channel, parameters) for channel in channels]

    def run(self, group, batch):
        (_, parameters), *_ = group
        if parameters is None and self.random:
            return batch
        drawn = {
            name: ops.reshape(value, (-1, 1, 1, 1))
            if len(getattr(value, "shape", ())) == 1
            else value
            for name, value in (parameters or {}).items()
        }

        def transform(images):
            return where_applied(parameters, self.transform_images(images, drawn), images)

        images = batch.images
        mixes = type(self).transform_channels is not ImageOnlyLayer.transform_channels
        if mixes or (self.by_channel and isinstance(images, list)):
            before = split(images)
            after = self.transform_channels(before, drawn)
            images = [where_applied(parameters, *pair) for pair in zip(after, before, strict=True)]
        elif self.by_value and can_tabulate(images):
            images = tabulated(transform, images)
        else:
            images = transform(ops.cast(joined(images), "float32"))
        return Batch(images, batch.masks, batch.weights)


class MaskOnlyLayer(AugmentationLayer, abstract=True):
    """Masks into masks: the image comes back bit for bit.

    Hook: `transform_mask(mask)`, and `mask_channels(channels)` where that changes.
    """

    random = False
    touches = "masks"

    def transform_mask(self, mask):
        """A new mask (B, H, W, K') of the same dtype from a mask (B, H, W, K)."""
        raise NotImplementedError(f"{type(self).__name__} must define `transform_mask`.")

    def run(self, group, batch):
        (_, parameters), *_ = group
        masks = [where_applied(parameters, self.transform_mask(m), m) for m in batch.masks]
        return Batch(batch.images, masks, batch.weights)
