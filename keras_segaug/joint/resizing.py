from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.inputs import Batch
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.kernels import antialias as antialiasing
from keras_segaug.kernels.antialias import Axis
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.windows import (
    central_window_of_aspect,
    centred_window,
    confined,
    least,
    lookup_inside,
    rounded,
    stretched,
    whole_picture,
)


class JointResizing(JointLayer):
    """Resizes image and mask, in training and at inference.

    The image is interpolated, the mask takes the nearest pixel. Pixels are areas, as
    in `tf.image.resize`: the outer edges of the pictures coincide. The result has a
    known size, also where the picture's is not known. Deterministic: takes no
    `probability`. The border settings play a part in `pad_to_aspect_ratio` alone.

    Args:
        height: the new height in pixels; or a pair (height, width).
        width: the new width in pixels. None: that of the height, a square.
        crop_to_aspect_ratio: False stretches; True keeps the picture's aspect and cuts
            off what is too much: the largest window in its middle with the aspect of
            the result, in whole pixels, is resized.
        pad_to_aspect_ratio: True keeps the aspect, too, and shows all of the picture: it
            lies in the middle, in whole pixels, and the rest is filled as `fill_mode`
            says ("constant", which is what `keras.layers.Resizing` does, never blends
            with the edge of the picture).
        antialias: True blends, where the image shrinks, all pixels that a pixel of the result
            covers, as `tf.image.resize` and Pillow do, and not only the nearest: fine patterns
            turn gray instead of into coarser ones. Masks and weights stay nearest, and
            interpolation="nearest" has nothing to blend. In a `Pipeline` it shares its lookup
            with no other layer, since how much to blend is known along the axes of the image
            alone. `invert` blends as without it.
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
        height,
        width=None,
        crop_to_aspect_ratio=False,
        pad_to_aspect_ratio=False,
        antialias=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.height, self.width = checks.window_size(self, height, width)
        self.crop_to_aspect_ratio = checks.truth(self, "crop_to_aspect_ratio", crop_to_aspect_ratio)
        self.pad_to_aspect_ratio = checks.truth(self, "pad_to_aspect_ratio", pad_to_aspect_ratio)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            accepted = "False where `crop_to_aspect_ratio` is True: one of them at most"
            checks.fail(self, "pad_to_aspect_ratio", accepted, pad_to_aspect_ratio)

        self.antialias = checks.truth(self, "antialias", antialias)

    @property
    def apart(self):  # type: ignore[override]  # decided by an argument
        return self.antialias and self.interpolation != "nearest"

    def output_size(self, height, width):
        return self.height, self.width

    def lookup(self):
        return super().lookup() if self.pad_to_aspect_ratio else lookup_inside(self.interpolation)

    def matrix(self, parameters, height, width):
        return stretched(*self._windows(height, width))

    def trace(self, points, parameters, height, width, inverse=False):
        traced = super().trace(points, parameters, height, width, inverse)
        if inverse:
            return traced
        window, _ = self._windows(height, width)
        apart = self.pad_to_aspect_ratio and self.fill_mode == "constant"
        return confined(traced, window, apart)

    def run(self, group, batch):
        if not self.apart:
            return super().run(group, batch)
        images = self._antialiased(batch.images)
        if not batch.masks and not batch.weights:
            return Batch(images, [], [])
        # Of the images, a lookup needs one channel to be one.
        rest = super().run(group, Batch(batch.images[..., :1], batch.masks, batch.weights))
        return Batch(images, rest.masks, rest.weights)

    def _antialiased(self, images):
        size = ops.shape(images)[1:3]
        window, shown = self._windows(*size)
        axes = (
            Axis(size[0], window.top, window.height, self.height, shown.top, shown.height),
            Axis(size[1], window.left, window.width, self.width, shown.left, shown.width),
        )
        mode = self.fill_mode if self.pad_to_aspect_ratio else "nearest"
        if mode == "constant":
            checks.fits_images(self, "fill_value", self.fill_value, dtype_of(images))
        return antialiasing.resize(images, axes, self.interpolation, mode, self.fill_value)

    def _windows(self, height, width):
        """The window of the picture, and the part of the result that it fills."""
        whole = whole_picture(height, width)
        result = whole_picture(self.height, self.width)
        if self.crop_to_aspect_ratio:
            return central_window_of_aspect(whole, self.height, self.width), result
        if not self.pad_to_aspect_ratio:
            return whole, result
        scale = least(result.height / whole.height, result.width / whole.width)
        size = (
            least(rounded(whole.height * scale), result.height),
            least(rounded(whole.width * scale), result.width),
        )
        return whole, centred_window(result, *size)
