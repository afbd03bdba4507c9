import keras

from keras_segaug import backend, checks
from keras_segaug.backend import ops
from keras_segaug.kinds import MaskOnlyLayer


class MaskOnlyColorToClass(MaskOnlyLayer):
    """Turns a coloured mask (H, W, 3) into class ids (H, W, 1); the image is untouched.

    The mask keeps its dtype. Put it first in a `Pipeline`, so that everything after it
    sees class ids.

    Args:
        palette: a list of colours (red, green, blue), a colour's place being its class id;
            or a mapping from colours to ids; or a list of pairs (colour, id).
        unknown_class: the id of colours that are not in the palette. None raises for them
            wherever the mask's values can be seen (eagerly); inside a traced function,
            such as `dataset.map`, they become 255, the usual ignore index.
        **kwargs: see `AugmentationLayer`.

    Raises:
        ValueError: for a colour given twice, an id the mask's dtype cannot hold, a mask
            without 3 channels, an unknown colour.

    Example:

    >>> to_class = keras_segaug.MaskOnlyColorToClass([(0, 0, 0), (128, 0, 0)])
    >>> colours = np.zeros((8, 8, 3), "uint8")
    >>> colours[2:4] = (128, 0, 0)
    >>> images, masks = to_class(np.zeros((8, 8, 3), "uint8"), colours)
    >>> tuple(masks.shape), int(masks[2, 0, 0])
    ((8, 8, 1), 1)
    """

    def __init__(self, palette, unknown_class=None, **kwargs):
        super().__init__(**kwargs)
        self.palette = checks.palette(self, palette)
        self.unknown_class = unknown_class
        if unknown_class is not None:
            self.unknown_class = checks.integer(self, "unknown_class", unknown_class)

    def mask_channels(self, channels):
        checks.channels(self, channels, 3)
        return 1

    def transform_mask(self, mask):
        checks.channels(self, mask.shape[-1], 3)
        dtype = keras.backend.standardize_dtype(mask.dtype)
        for _, class_id in self.palette:
            checks.fits_dtype(self, "palette", class_id, dtype)
        codes = ops.cast(mask, "int32")
        codes = codes[..., :1] * 65536 + codes[..., 1:2] * 256 + codes[..., 2:]
        matches = codes == ops.convert_to_tensor(
            [red * 65536 + green * 256 + blue for (red, green, blue), _ in self.palette],
            dtype="int32",
        )
        known = ops.any(matches, axis=-1, keepdims=True)
        if self.unknown_class is None and backend.is_eager(mask):
            self._refuse_unknown(codes, known)
        unknown = 255 if self.unknown_class is None else self.unknown_class
        ids = ops.convert_to_tensor([class_id for _, class_id in self.palette], dtype="int32")
        classes = ops.sum(ops.where(matches, ids, 0), axis=-1, keepdims=True)
        return ops.cast(ops.where(known, classes, unknown), mask.dtype)

    def _refuse_unknown(self, codes, known):
        strange = keras.ops.convert_to_numpy(codes)[~keras.ops.convert_to_numpy(known)]
        if strange.size:
            code = int(strange[0])
            raise ValueError(
                f"{type(self).__name__}: {strange.size} pixels have a colour that is not in the "
                f"palette; the first is {(code // 65536, code // 256 % 256, code % 256)}. Add it "
                "to `palette`, or set `unknown_class`."
            )
