"""Arguments of layers that depend on the epoch."""

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.core import training_backend
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.scheduling import check_can_move, mover, normalized

_OWNER = "AugmentationSchedule"


class AugmentationSchedule(keras.callbacks.Callback):
    """Moves an argument of a layer during training: how often it acts, or how strongly.

    At the beginning of each epoch the argument gets the value that a function gives for that epoch.
    This takes effect wherever the layer is called: in the model, in a `dataset.map` (from the next
    batch that is made; batches in a `prefetch` were made before), or on its own. Nothing is
    compiled again. Images and masks are then augmented as by a layer made with this value.

    The value is an untrained variable of the layer, and is saved with it in `.keras` files, weights
    and backups: a loaded model augments with the value it was saved with, with or without a
    schedule. The layer's attribute and its config keep the value it was made with.

    Make the schedule before you map a dataset with the layer, or compile a function of your own
    around it: anything made earlier treats the argument as a constant. (Models notice the change by
    themselves.) The worker processes of a `DataLoader` or a `PyDataset` have copies of the layer,
    which keep the value that it had when they began.

    Args:
        layer: a random layer of keras_segaug, whether inside a `Pipeline` or similar, or on its
            own.
        argument: "probability", or an argument that is a number or a pair of numbers and decides
            only which numbers are drawn, such as the `factor` of `JointRandomRotation`. Other
            arguments decide more (a size, a kernel); for these an error says which are accepted.
        function_of_epoch: takes the number of the epoch, from 0, and returns a value that the layer
            accepts for the argument: a number, or a pair (lower, upper). `LinearSchedule` and
            `CosineSchedule` are such functions.

    Attributes:
        value: the current value of the argument, as the layer reads it: a factor of 0.1 is (-0.1,
            0.1).

    Raises:
        ValueError: for an argument that cannot move, and for a value that the layer does not
            accept: for epoch 0 at once, for other epochs when they begin.

    Example:

    >>> turn = keras_segaug.JointRandomRotation(0.2, seed=1)
    >>> schedule = keras_segaug.AugmentationSchedule(
    ...     turn, "factor", keras_segaug.LinearSchedule(0.0, 0.2, epochs=10)
    ... )
    >>> schedule.on_epoch_begin(5)  # `fit(..., callbacks=[schedule])` does that
    >>> schedule.value
    (-0.1, 0.1)
    >>> images, masks = turn(np.zeros((2, 8, 8, 3)), np.ones((2, 8, 8), "uint8"))
    """

    def __init__(
        self,
        layer: AugmentationLayer,
        argument: str,
        function_of_epoch: Callable[[int], Any],
    ) -> None:
        super().__init__()
        if not isinstance(layer, AugmentationLayer):
            checks.fail(_OWNER, "layer", "a layer of keras_segaug", layer)
        if not isinstance(argument, str) or argument not in layer.get_config():
            accepted = f"the name of an argument of {type(layer).__name__}, such as 'probability'"
            checks.fail(_OWNER, "argument", accepted, argument)
        if not callable(function_of_epoch):
            accepted = (
                "a function that takes the number of an epoch and returns the argument's value, "
                "such as LinearSchedule(0.0, 0.5, epochs=10)"
            )
            checks.fail(_OWNER, "function_of_epoch", accepted, function_of_epoch)
        self.layer, self.argument = layer, argument
        self.function_of_epoch = function_of_epoch
        check_can_move(layer, argument)
        self._is_new = argument not in layer._moving
        self.value = self._value_in(0)
        self._moving = mover(layer, argument)
        if self._is_new and layer._in_a_dataset:
            warnings.warn(
                f"{_OWNER}: a dataset was mapped with this {type(layer).__name__} before, and goes "
                f"on with {argument}={getattr(layer, argument)!r}. Make the schedule first, then "
                "map the dataset.",
                stacklevel=2,
            )
        self._moving.assign(self.value)

    def _value_in(self, epoch):
        value = self.function_of_epoch(epoch)
        try:
            plain = np.asarray(keras.ops.convert_to_numpy(value)).tolist()
        except Exception:
            # `normalized` raises an error that names it.
            plain = value
        return normalized(self.layer, self.argument, plain)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self._is_new:
            training_backend.forget_program(model)
            self._is_new = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.value = self._value_in(epoch)
        self._moving.assign(self.value)
