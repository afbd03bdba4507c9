from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer_types import JointLayer, inside_window
from keras_segaug.kernels.antialias import Axis
from keras_segaug.kernels.windows import (
    Confined,
    centered_window,
    central_window_of_aspect,
    least,
    rounded,
    stretched,
    whole_image,
)


class JointResizing(JointLayer):
    """Resizes image and mask, in training and at inference.

    The image is interpolated, the mask takes the nearest pixel. Pixels are areas, as in
    `tf.image.resize`: the outer edges of the images coincide. The result has a known size even
    where the image's size is not known. Deterministic: takes no `probability`. The border settings
    matter only with `pad_to_aspect_ratio`.

    Args:
        height: the new height in pixels; or a pair (height, width).
        width: the new width in pixels. None: the same as the height.
        crop_to_aspect_ratio: False stretches; True keeps the image's aspect and cuts off the
            excess: the largest window in its middle with the aspect of the result, in whole pixels,
            is resized.
        pad_to_aspect_ratio: True also keeps the aspect, but shows all of the image: it lies in the
            middle, in whole pixels, and the rest is filled as `fill_mode` says ("constant", which
            is what `keras.layers.Resizing` does, never blends with the edge of the image).
        antialias: True: where the image shrinks, each pixel of the result blends all the pixels
            that it covers, as in `tf.image.resize` and Pillow, and not only the nearest ones: fine
            patterns turn gray, not into coarser patterns. Masks and weights still take the nearest
            pixel, and interpolation="nearest" has nothing to blend. In a `Pipeline` the layer then
            shares its lookup with no other layer, since how much to blend is known only along the
            axes of the image. `invert` blends as if this were False.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> resizing = keras_segaug.JointResizing(4, 6)
    >>> images, masks = resizing(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 4, 6)
    >>> letterbox = keras_segaug.JointResizing(
    ...     2, 6, pad_to_aspect_ratio=True, fill_mode="constant", mask_fill_value=255
    ... )
    >>> _, mask = letterbox(np.zeros((8, 8, 3), "uint8"), np.ones((8, 8), "uint8"))
    >>> np.asarray(mask)[0].tolist()
    [255, 255, 1, 1, 255, 255]
    """

    random = False

    def __init__(
        self,
        height: int | Sequence[int],
        width: int | None = None,
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        antialias: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.height, self.width = checks.window_size(self, height, width)
        self.crop_to_aspect_ratio = checks.truth(self, "crop_to_aspect_ratio", crop_to_aspect_ratio)
        self.pad_to_aspect_ratio = checks.truth(self, "pad_to_aspect_ratio", pad_to_aspect_ratio)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            accepted = "False where `crop_to_aspect_ratio` is True: one of them at most"
            checks.fail(self, "pad_to_aspect_ratio", accepted, pad_to_aspect_ratio)

        self.antialias = checks.truth(self, "antialias", antialias)

    def output_spec(self, spec):
        return spec.resized(self.height, self.width)

    def plan(self, parameters, spec):
        window, shown = self._windows(spec.size)
        separate = self.pad_to_aspect_ratio and self.fill_mode == "constant"
        map = Confined(stretched(window, shown), window, separate)
        more = {} if self.pad_to_aspect_ratio else inside_window(self.interpolation)
        if self.antialias and self.interpolation != "nearest":
            ends = zip(spec.size, *window, (self.height, self.width), *shown, strict=True)
            more["axes"] = tuple(Axis(*each) for each in ends)
        return self._warp(spec, map, None, **more)

    def _windows(self, size):
        """The window of the image, and the part of the result that it fills."""
        whole, result = whole_image(size), whole_image((self.height, self.width))
        if self.crop_to_aspect_ratio:
            return central_window_of_aspect(whole, (self.height, self.width)), result
        if not self.pad_to_aspect_ratio:
            return whole, result
        pairs = list(zip(whole.size, result.size, strict=True))
        scale = least(*(room / length for length, room in pairs))
        fitting = [least(rounded(length * scale), room) for length, room in pairs]
        return whole, centered_window(result, fitting)
