"""What is to be done to a batch, as frozen values: layers give them, the engine runs them.

Tensors in an operation have the batch as their first axis, so that operations can be split by
samples, like the batch.
"""

from functools import reduce
from operator import and_
from typing import Any, NamedTuple

from keras_segaug.core.backend import ops
from keras_segaug.kernels.values import Value


class Border(NamedTuple):
    """What lies outside an image.

    Args:
        mode: "reflect", "wrap", "nearest" or "constant".
        value: the fill value of images, for "constant".
        mask_value: the class that masks are filled with, for "constant".
    """

    mode: str
    value: Any = None
    mask_value: Any = None


class Operation(Value):
    """Base of all operations.

    Args:
        acts: bool (B,), the samples that it is applied to; None: all.
        origin: the layer it comes from, for messages and descriptions.
    """

    acts: Any = None
    origin: Any = None


class Piece(Value):
    """A part of what a `Warp` shows.

    Args:
        map: where each output pixel looks; see `engine.maps`.
        source: int32 (B,), the sample that each one looks in; None: its own.
        region: the output pixels that it is for, such as a `Boxes`; None: all.
        shown: bool (B, *size), which pixels of the sample that it looks in it shows; None: all.
    """

    map: Any
    source: Any = None
    region: Any = None
    shown: Any = None

    @property
    def mixes(self):
        """Does it look into another sample, or show itself in some places only?"""
        return not (self.source is None and self.region is None and self.shown is None)


class Warp(Operation):
    """Moves pixels of image and mask alike.

    Args:
        before: the size of the images that come in.
        size: the size of the images that come out.
        pieces: a pixel shows the first one whose region holds it.
        rest: the map where it does not act, and for pixels in no piece; None where there are none.
        border: a `Border`.
        inside: does no pixel move out of the image, or into it, so that any border will do?
        interpolation: for the images; None where any will do, since points lie on pixels.
        class_swap: pairs of classes that are swapped in mirrored samples.
        back: does it move back what such a warp has moved?
        axes: two `antialias.Axis` where each pixel is blended from all the pixels that it covers;
            such a warp is not a lookup and cannot share one. None: a lookup.
    """

    before: tuple = ()
    size: tuple = ()
    pieces: tuple = ()
    rest: Any = None
    border: Border = Border("reflect")
    inside: bool = False
    interpolation: Any = None
    class_swap: Any = None
    back: bool = False
    axes: Any = None

    @property
    def mixes(self):
        """Does it look into other samples, or differ from place to place?"""
        return any(piece.mixes for piece in self.pieces)


class Color(Operation):
    """Changes the values of images, and nothing else.

    Args:
        reach: what a new value depends on: "values" (the old one), "places" (the old one and where
            it is), "pixels" (all channels of its pixel) or "images" (anything in its image).
        function: a bound method (images, parameters) -> images, on float32; for "pixels" it takes
            and returns a list of channels.
        parameters: a dict of tensors (B, ...) and of Python values.
        statistics: "mean" where `parameters["mean"]` is to be each channel's mean, else None.
        tabulate: for "values": is the function so expensive that 8-bit images are looked up in a
            table of it?
        takes_bytes: for "images": does the function take 8-bit images as they are, and treat all
            channels alike?
        channels: the numbers of the channels that it gets and changes; None: all.
        classes: the ids of the classes whose pixels it changes, as the first mask has them;
            None: all pixels.
        source: int32 (B,), the sample whose images become `parameters["others"]`; None: none do.
    """

    reach: str = "images"
    function: Any = None
    parameters: Any = None
    statistics: Any = None
    tabulate: bool = False
    takes_bytes: bool = False
    channels: Any = None
    classes: Any = None
    source: Any = None

    @property
    def looks_around(self):
        """May it read a pixel more than once?"""
        return self.statistics is not None or self.reach == "images"

    @property
    def skippable(self):
        """Is it so expensive that it pays to skip it for images that it leaves alone?"""
        return self.acts is not None and self.source is None and self.reach in ("images", "places")

    @property
    def reads_masks(self):
        """Does it look at the masks?"""
        return self.classes is not None

    @property
    def tabular(self):
        """Is it the same for equal values of an image, whatever the channel and the place?"""
        limited = self.channels is not None or self.classes is not None
        return self.reach == "values" and self.statistics is None and not limited


class ColorChoice(Color):
    """One of several lists of `Color`s for each sample; only those that are chosen are computed.

    Args:
        choice: int32 (B,), which of them; or (B, turns), one after the other. Nothing is done for
            a number without a list.
        branches: tuples of `Color`s.
        rounds: do 8-bit images stay 8-bit, rounded? Otherwise the result is float32.
    """

    choice: Any = None
    branches: tuple = ()
    rounds: bool = False

    @property
    def looks_around(self):
        """May it read a pixel more than once?"""
        return True

    @property
    def reads_masks(self):
        """Does it look at the masks?"""
        return any(each.reads_masks for branch in self.branches for each in branch)


class ColorMix(Color):
    """The image, mixed with what several lists of `Color`s make of it.

    Args:
        chains: tuples of `Color`s, each of which gets the image.
        weights: float32 (B, number of chains), which sum to 1.
        share: float32 (B,), the share of the sum of the chains; the rest is the image's.
        value_range: of all of them, which rounding must not leave; None where it is unknown.
    """

    chains: tuple = ()
    weights: Any = None
    share: Any = None
    value_range: Any = None

    @property
    def reads_masks(self):
        """Does it look at the masks?"""
        return any(each.reads_masks for chain in self.chains for each in chain)


class Labels(Operation):
    """Changes the values of masks, and nothing else.

    Args:
        function: a bound method (mask) -> mask; with parameters (mask, parameters) -> mask.
        parameters: a dict of tensors (B, ...), or None.
        only: the number of the one mask that changes; None: all do.
    """

    function: Any = None
    parameters: Any = None
    only: Any = None


class Write(Operation):
    """Writes over a region of image and mask.

    Args:
        region: such as a `Boxes`.
        image: a number, or a value with a method `like(images)` that gives new images.
        label: the class for masks; None leaves masks and weights alone.
    """

    region: Any = None
    image: Any = None
    label: Any = None


class Blend(Operation):
    """Mixes samples: weight x image + (1 - weight) x the image of sample `source`.

    Args:
        source: int32 (B,).
        weight: float32 (B,).
        larger: do masks, which may hold class ids, come from the sample of the larger weight?
            Otherwise they are blended like images, which takes one-hot masks of floats.
    """

    source: Any = None
    weight: Any = None
    larger: bool = False


class Select(Operation):
    """One of several lists of operations for each sample; all end in the same size.

    Args:
        choice: int32 (B,), which of them.
        branches: tuples of operations.
    """

    choice: Any = None
    branches: tuple = ()


class Boxes(Value):
    """Rectangles of whole pixels, N for each sample.

    Args:
        starts: for each axis the first pixel, float32 (B, N).
        lengths: for each axis how many pixels, float32 (B, N).
    """

    starts: tuple
    lengths: tuple

    def holds(self, grid):
        """Which points of a grid lie in one of them: bool, (B, *size)."""
        held = []
        for axis, start, length in zip(grid, self.starts, self.lengths, strict=True):
            singles = (..., *[None] * (len(axis.shape) - 1))
            start, length, place = start[singles], length[singles], axis[:, None]
            # A point belongs to the pixel that it is nearest to.
            held.append((place >= start - 0.5) & (place < start + length - 0.5))
        return ops.any(reduce(and_, held), axis=1)
