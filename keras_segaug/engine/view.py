"""What a layer sees if it must look at the data before it knows what to do."""

from typing import Any

from keras_segaug.engine.batch import Batch
from keras_segaug.engine.execute import run
from keras_segaug.kernels.values import Value, replace


class View(Value):
    """A batch as the layers before this one leave it.

    Args:
        spec: what is known of it.
        batch: the batch as it came in; None where only its shape is known.
        operations: those of the layers before.
        owner: the layer that was called.
        asker: the layer that looks.
    """

    spec: Any
    batch: Any = None
    operations: tuple = ()
    owner: Any = None
    asker: Any = None

    def after(self, operations, spec):
        """The view of the next layer, after one that does these operations."""
        return replace(self, spec=spec, operations=(*self.operations, *operations))

    @property
    def masks(self):
        """The masks (B, *size, K), as the layers before leave them."""
        if self.batch is None:
            raise ValueError(
                f"{type(self.owner).__name__}: `data` must be images and masks, not a shape alone, "
                f"since {type(self.asker).__name__} looks at the masks. Write "
                "draw_parameters((images, masks), key)."
            )
        if not self.operations or not self.batch.masks:
            return self.batch.masks
        return run(self.operations, Batch(None, self.batch.masks, []), None).masks
