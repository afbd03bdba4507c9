from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.kernels.classes import of_classes, present_classes
from keras_segaug.kernels.xla_cpu.blocks import materialize
from keras_segaug.mixing.pasting import PastingLayer


class JointClassMix(PastingLayer):
    """Pastes some of the classes of another image of the batch, pixel by pixel.

    Olsson et al., "ClassMix: segmentation-based data augmentation for semi-supervised learning",
    WACV 2021: a share of the classes in the partner's mask is drawn, each equally likely, and their
    pixels are pasted where they are: image, masks and weights.

    Args:
        fraction: in [0, 1], the share of the partner's classes, rounded down as in the paper: of
            one class none is pasted, of five classes two.
        num_classes: class ids lie below it; ids that do not are never pasted. It bounds the work.
        **kwargs: see `MixingLayer`, and `ignore_class=255`: the class of pixels that are never
            pasted, and do not count among the classes; None treats it like any other.

    Raises:
        ValueError: without masks; for images without a batch axis.

    Example:

    >>> mix = keras_segaug.JointClassMix(seed=1)
    >>> masks = np.arange(2 * 8 * 8, dtype="uint8").reshape(2, 8, 8) // 16
    >>> images, masks = mix(np.zeros((2, 8, 8, 3), "uint8"), masks)
    >>> [len(np.unique(mask)) for mask in np.asarray(masks)]
    [4, 4]
    """

    _needs_masks = True

    def __init__(self, *, fraction: float = 0.5, num_classes: int = 256, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fraction = checks.number(self, "fraction", fraction, 0.0, 1.0)
        self.num_classes = checks.positive_integer(self, "num_classes", num_classes)

    def draw(self, draws):
        [partner] = draws.partners(1, self.across_shards)
        priority = draws.uniform_grid(1, self.num_classes, 0.0, 1.0)[:, 0]
        return {"partner": partner, "priority": priority}

    def chosen(self, parameters, mask, view):
        classes = mask.shape[-1]
        if classes > self.num_classes:
            accepted = f"at least {classes}, the number of channels of the masks"
            checks.fail(self, "num_classes", accepted, self.num_classes)
        present = present_classes(mask, self.num_classes, self.ignore_class)
        # The first of the classes that are present, in a drawn order.
        priority = ops.where(present, parameters["priority"], 2.0)
        earlier = priority[:, None, :] < priority[:, :, None]
        rank = ops.sum(ops.cast(earlier, "int32"), axis=-1)
        count = ops.sum(ops.cast(present, "float32"), axis=-1, keepdims=True)
        # A third of three must be one, whatever the rounding of the last bit.
        wanted = ops.cast(ops.floor(self.fraction * count + 1e-4), "int32")
        return of_classes(mask, *materialize([present & (rank < wanted)]))
