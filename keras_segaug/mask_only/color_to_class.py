from typing import Any

import keras

from keras_segaug import checks
from keras_segaug.checks import classes
from keras_segaug.core import backend
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import MaskOnlyLayer

_IGNORED = 255


class MaskOnlyColorToClass(MaskOnlyLayer):
    """Turns a colored mask (H, W, 3) into class ids (H, W, 1); the image is untouched.

    The mask keeps its dtype. Put it first in a `Pipeline`, so that everything after it
    sees class ids.

    Args:
        palette: a list of colors (red, green, blue), a color's place being its class id;
            or a mapping from colors to ids; or a list of pairs (color, id).
        unknown_class: the id of colors that are not in the palette; levels outside 0 .. 255,
            which a mask of a wider dtype may hold, are in no palette. None raises for them
            wherever the mask's values can be seen (eagerly, not compiled); inside a traced
            function, such as `dataset.map`, they become 255, the usual ignore index.
        **kwargs: see `AugmentationLayer`.

    Raises:
        ValueError: for a color given twice, an id the mask's dtype cannot hold, a mask
            without 3 channels, an unknown color.

    Example:

    >>> to_class = keras_segaug.MaskOnlyColorToClass([(0, 0, 0), (128, 0, 0)])
    >>> colors = np.zeros((8, 8, 3), "uint8")
    >>> colors[2:4] = (128, 0, 0)
    >>> images, masks = to_class(np.zeros((8, 8, 3), "uint8"), colors)
    >>> tuple(masks.shape), int(masks[2, 0, 0])
    ((8, 8, 1), 1)
    """

    def __init__(self, palette: Any, unknown_class: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.palette = checks.palette(self, palette)
        for _, class_id in self.palette:
            classes.label(self, "palette", class_id)
        self.unknown_class = unknown_class
        if unknown_class is not None:
            self.unknown_class = classes.label(self, "unknown_class", unknown_class)

    def output_spec(self, spec):
        return spec.coded(self, 3, 1)

    def transform_mask(self, mask):
        checks.channels(self, mask.shape[-1], 3)
        dtype = keras.backend.standardize_dtype(mask.dtype)
        for _, class_id in self.palette:
            checks.fits_dtype(self, "palette", class_id, dtype)
        unknown = self._unknown(mask, dtype)
        codes = _codes(mask, dtype)
        matches = codes == ops.convert_to_tensor(
            [red * 65536 + green * 256 + blue for (red, green, blue), _ in self.palette],
            dtype="int32",
        )
        known = ops.any(matches, axis=-1, keepdims=True)
        if self.unknown_class is None and backend.is_eager(mask):
            self._refuse_unknown(mask, known)
        ids = [class_id for _, class_id in self.palette]
        # A wider id occurs only where the mask's dtype is as wide, so it fits.
        small = all(-(2**31) <= each < 2**31 for each in (*ids, unknown))
        ids, zero, unknown = (
            ops.convert_to_tensor(each, dtype="int32" if small else dtype)
            for each in (ids, 0, unknown)
        )
        found = ops.sum(ops.where(matches, ids, zero), axis=-1, keepdims=True)
        return ops.cast(ops.where(known, found, unknown), mask.dtype)

    def _unknown(self, mask, dtype):
        """The id of unknown colors, which the mask must be able to hold."""
        if self.unknown_class is not None:
            checks.fits_dtype(self, "unknown_class", self.unknown_class, dtype)
            return self.unknown_class
        low, high = checks.mask_limits(dtype)
        if high < _IGNORED and not backend.is_eager(mask):
            checks.fail(
                self, "unknown_class", f"given, in [{low}, {high}] for a {dtype} mask", None
            )
        return min(high, _IGNORED)

    def _refuse_unknown(self, mask, known):
        mask, known = (keras.ops.convert_to_numpy(each) for each in (mask, known))
        strange = mask[~known[..., 0]]
        if len(strange):
            raise ValueError(
                f"{type(self).__name__}: {len(strange)} pixels have a color that is not in the "
                f"palette; the first is {tuple(int(level) for level in strange[0])}. Add it "
                "to `palette`, or set `unknown_class`."
            )


def _codes(mask, dtype):
    """One number a color (..., 1); -1 for levels outside 0 .. 255, which only wider dtypes hold."""
    levels = ops.cast(mask, "int32")
    codes = levels[..., :1] * 65536 + levels[..., 1:2] * 256 + levels[..., 2:]
    low, high = checks.mask_limits(dtype)
    # Compared in the mask's own dtype: the cast keeps only 32 of 64 bits.
    inside = ([mask >= 0] if low < 0 else []) + ([mask <= 255] if high > 255 else [])
    for condition in inside:
        codes = ops.where(ops.all(condition, axis=-1, keepdims=True), codes, -1)
    return codes
