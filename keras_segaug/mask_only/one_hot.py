from typing import Any

import keras

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import MaskOnlyLayer


class MaskOnlyOneHot(MaskOnlyLayer):
    """Turns class ids (H, W) or (H, W, 1) into one-hot rows (H, W, num_classes).

    The image is untouched, the mask keeps its dtype. Ids outside 0 .. num_classes - 1
    (an ignore index, say) become rows of zeros.

    Args:
        num_classes: the number of classes, background included.
        **kwargs: see `AugmentationLayer`.

    Example:

    >>> one_hot = keras_segaug.MaskOnlyOneHot(3)
    >>> images, masks = one_hot(np.zeros((2, 8, 8, 3)), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 8, 8, 3)
    """

    def __init__(self, num_classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_classes = checks.positive_integer(self, "num_classes", num_classes)

    def output_spec(self, spec):
        return spec.coded(self, 1, self.num_classes)

    def transform_mask(self, mask):
        checks.channels(self, mask.shape[-1], 1)
        dtype = keras.backend.standardize_dtype(mask.dtype)
        # In these dtypes an id may not fit into 32 bits, and a cast would change it.
        if dtype not in ("int64", "uint64", "uint32", "float64"):
            dtype = "float32" if "float" in dtype else "int32"
        classes = ops.cast(ops.arange(self.num_classes, dtype="int32"), dtype)
        return ops.cast(ops.cast(mask, dtype) == classes, mask.dtype)
