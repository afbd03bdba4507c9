"""The three types of layers: geometry for both, color for the image, coding for the mask."""

from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.checks import borders
from keras_segaug.core import value_ranges
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.types import Parameters, Tensor
from keras_segaug.engine.operations import Border, Color, Labels, Piece, Warp
from keras_segaug.kernels import matrices
from keras_segaug.kernels.matrices import Matrix
from keras_segaug.kernels.values import replace


class JointLayer(AugmentationLayer, abstract=True):
    """Geometry: a layer says where each output pixel looks; image and mask follow alike.

    Hooks: `draw(draws)`, and `matrix(parameters, size)` or, for what is not a matrix,
    `displacement(parameters, size)`; `output_spec(spec)` where the size changes;
    `resolve(parameters, view)` for a layer that must see the masks before it knows where to look.

    8-bit images stay 8-bit through a lookup: blended values are rounded. Pass float images
    where that matters. NaN in float images spreads only as far as it is blended: moved by
    whole pixels, it stays one pixel.

    Args:
        fill_mode: what lies outside the image: "reflect", "wrap", "nearest" or
            "constant", as in Keras.
        fill_value: the value of images outside, only for "constant". It may be NaN (no data) for
            float images.
        mask_fill_value: the class outside, only for "constant"; a one-hot mask gets the row of
            that class, or zeros where there is no such class. Weights get 0.
        interpolation: "nearest", "bilinear" or "bicubic", for the images. Masks and
            weights are always looked up as nearest.
        **kwargs: see `AugmentationLayer`.
    """

    # Pairs of classes that are swapped where the layer mirrors; None: it never mirrors or swaps.
    class_swap = None
    _moves = True

    def __init__(
        self,
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        mask_fill_value: int = 0,
        interpolation: str = "bilinear",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        border = borders.border(self, fill_mode, fill_value, mask_fill_value, interpolation)
        self.fill_mode, self.fill_value, self.mask_fill_value, self.interpolation = border

    def matrix(self, parameters: Parameters, size: Sequence[Any]) -> Matrix:
        """From output to input: a `kernels.matrices.Matrix` for images of this size."""
        raise NotImplementedError(f"{type(self).__name__} must define `matrix`.")

    def inference_matrix(self, size: Sequence[Any]) -> Matrix:
        """The matrix at inference, and for samples that the layer leaves alone."""
        return matrices.identity(len(size))

    def displacement(self, parameters: Parameters, size: Sequence[Any]) -> Any:
        """What moves the points: the matrix, or a `kernels.fields.Field`."""
        return self.matrix(parameters, size)

    def plan(self, parameters, spec):
        if parameters is None and self.random:
            return self._warp(spec, None, self.inference_matrix(spec.size))
        map = self.displacement(parameters or {}, spec.size)
        return self._warp(spec, map, self._left_alone(spec))

    def _left_alone(self, spec):
        """The map for samples that a composition has not drawn the layer for.

        None where there are none: a layer that is not random and gives another size is for all.
        """
        if self.random:
            return self.inference_matrix(spec.size)
        kept = matrices.same_size(spec.size, self.output_spec(spec).size)
        return matrices.identity(len(spec.size)) if kept else None

    def _warp(self, spec, map, rest, fill_mode=None, **more):
        """A `Warp` with the settings of this layer, in a list.

        Args:
            spec: the `Spec` of the input.
            map: from output to input; None where the layer does nothing.
            rest: the map for samples that it leaves alone.
            fill_mode: None takes the layer's.
            **more: fields of the `Warp` that differ from the layer's settings.
        """
        size = self.output_spec(spec).size
        every = [each for each in (map, rest) if each is not None]
        whole = all(isinstance(each, Matrix) and each.whole for each in every)
        kept = matrices.same_size(spec.size, size)
        if kept and map is None and rest is matrices.identity(len(size)):
            return []
        fields = {
            "before": tuple(spec.size),
            "size": tuple(size),
            "pieces": () if map is None else (Piece(map),),
            "rest": rest,
            "border": Border(fill_mode or self.fill_mode, self.fill_value, self.mask_fill_value),
            "inside": kept and all(getattr(each, "inside", False) for each in every),
            "interpolation": None if whole else self.interpolation,
            "class_swap": self.class_swap,
        }
        return [Warp(**{**fields, **more})]


def inside_window(interpolation):
    """The arguments of `_warp` for points that all lie inside the image.

    Any border will do, except for a cubic, whose outer taps lie outside.
    """
    return {"inside": interpolation != "bicubic", "fill_mode": "reflect"}


class ImageOnlyLayer(AugmentationLayer, abstract=True):
    """Color, noise, blur: the masks come back bit for bit.

    Hooks: `draw(draws)`, and one of these, named after what a new value depends on:

    - `transform_values(values, parameters)`: on the old value alone (gamma).
    - `transform_pixels(channels, parameters)`: on the channels of the same pixel (hue).
    - `transform_places(images, parameters)`: on the old value and where it is (noise).
    - `transform_images(images, parameters)`: on anything in the image (blur).

    Values are float32, (B, H, W, C). Channels are a list of (B, H, W, 1), and such a list is
    returned. Drawn numbers come as (B, 1, 1, 1). A hook that reads a whole image finds in
    `parameters["gaps"]` whether a value may be NaN, and in `parameters["bounds"]` the lowest and
    the highest value there can be, which rounding must not leave, or None.

    A layer with an argument `value_range` hands it to `super().__init__`, and finds the range to
    work with in `parameters["value_range"]`. That is its own range, if it was given one. Otherwise,
    in a `Pipeline`, it is what the layers before have made of the pipeline's `value_range`.
    Otherwise it follows from the dtype that the images came in: all that unsigned integers can
    hold (0 to 65535 for uint16), and (0, 255) for floats, as in Keras. Signed integers have no
    range of their own: one must be given. Where values can be seen, floats outside of an assumed
    (0, 255) raise, and floats that all lie in [0, 1] give a warning.

    Args:
        mask_classes: the ids of the classes whose pixels change, according to the first mask (in
            a mapping, the first by name); all other pixels stay bit for bit, and so does the mask.
            Statistics of an image (a mean, a histogram) are taken over all of it. A call then
            needs masks. None: all pixels change.
        channels: the numbers of the channels that change, from 0: `(0, 1, 2)` are the colors of
            images that also have a depth channel. The layer sees no others. None: all.
        **kwargs: see `AugmentationLayer`. Layers that change the range of values take neither
            `mask_classes` nor `channels`.
    """

    # "mean" where `transform_values` finds the mean of each channel in `parameters["mean"]`.
    statistics: str | None = None
    # Is `transform_values` expensive? On a CPU it is then computed once for each of the 256 values
    # of 8-bit images, and looked up.
    tabulate = False
    # Does `transform_images` take 8-bit images as they are, and treat all channels alike? On a CPU
    # they fit into the cache, and whole lines are computed at once.
    _takes_bytes = False

    def __init__(
        self,
        mask_classes: Sequence[int] | None = None,
        channels: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mask_classes, self.channels = mask_classes, channels
        if mask_classes is not None:
            self.mask_classes = checks.distinct_ids(self, "mask_classes", mask_classes)
        if channels is not None:
            numbered = "numbers of channels"
            self.channels = checks.distinct_ids(self, "channels", channels, numbered)
        rescales = type(self).output_spec is not AugmentationLayer.output_spec
        for argument in ("mask_classes", "channels"):
            if rescales and getattr(self, argument) is not None:
                accepted = "None for a layer that changes the range of all values"
                checks.fail(self, argument, accepted, getattr(self, argument))

    def _planned(self, parameters, view):
        operations, parameters = super()._planned(parameters, view)
        limits = {"channels": self.channels, "classes": self.mask_classes}
        return [
            replace(each, **limits) if isinstance(each, Color) else each for each in operations
        ], parameters

    def transform_values(self, values: Tensor, parameters: Parameters) -> Tensor:
        """New values, from the old values alone."""
        raise NotImplementedError(
            f"{type(self).__name__} must define `transform_images`, `transform_pixels` or "
            "`transform_values`."
        )

    def transform_pixels(self, channels: list[Tensor], parameters: Parameters) -> list[Tensor]:
        """New channels from a list of channels."""
        raise NotImplementedError

    def transform_places(self, images: Tensor, parameters: Parameters) -> Tensor:
        """New images from images, each value separately.

        All images are computed at once: finishing one before the next gains nothing here.
        """
        raise NotImplementedError

    def transform_images(self, images: Tensor, parameters: Parameters) -> Tensor:
        """New images from images."""
        raise NotImplementedError

    def plan(self, parameters, spec):
        if parameters is None and self.random:
            return []
        reaches = ("images", "places", "pixels", "values")
        own = [r for r in reaches if _defines(self, f"transform_{r}")]
        return [self._color((own or ["values"])[0], parameters, spec)]

    def _color(self, reach, parameters, spec):
        """A `Color` of one of the hooks."""
        given = {**(parameters or {}), "gaps": spec.gaps, "bounds": value_ranges.known(spec)}
        if self._uses_range():
            given["value_range"] = value_ranges.needed(self, spec.value_range)
        return Color(
            reach=reach,
            function=getattr(self, f"transform_{reach}"),
            parameters=given,
            statistics=self.statistics,
            tabulate=self.tabulate,
            takes_bytes=self._takes_bytes,
        )


def _defines(layer, hook):
    return getattr(type(layer), hook) is not getattr(ImageOnlyLayer, hook)


class MaskOnlyLayer(AugmentationLayer, abstract=True):
    """Masks into masks: the image comes back bit for bit.

    Hook: `transform_mask(mask)`, and `output_spec(spec)` where the number of channels changes.
    """

    random = False

    def transform_mask(self, mask: Tensor) -> Tensor:
        """A new mask (B, H, W, K') of the same dtype from a mask (B, H, W, K)."""
        raise NotImplementedError(f"{type(self).__name__} must define `transform_mask`.")

    def plan(self, parameters, spec):
        return [Labels(function=self.transform_mask)]
