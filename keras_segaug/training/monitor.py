"""Shows augmented images during training."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.checks.views import one_result
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.inspect.gallery import checked_look
from keras_segaug.inspect.preview import view
from keras_segaug.inspect.preview.draws import Owner, arrays_of, batches_of
from keras_segaug.training import sheets

_OWNER = "AugmentationMonitor"


class AugmentationMonitor(keras.callbacks.Callback):
    """Shows what an augmentation does to some images, every few epochs.

    A sheet has a row for each image: the original, then draws of that epoch, with the classes of
    the masks filled and outlined, a legend, and the share of the pixels that each class has in the
    originals and in the draws. It shows the augmentation as it is at the end of the epoch, so that
    a schedule can be followed. Draws have their own keys: the random stream of the training does
    not move, and the same run shows the same sheets.

    Each sheet goes to every one of `folder`, `tensorboard` and `function` that is given.

    Args:
        augmentation: a layer of keras_segaug, such as the `Pipeline` of the training.
        images: some images, as `plot_gallery` takes them: a batch or a list, 1 or 3 channels.
        masks: their masks, class ids or one-hot; None shows images alone.
        folder: where PNGs are written, `epoch_0001.png` after the first epoch. Created if needed.
        tensorboard: the log folder of TensorBoard. Needs the package tensorboard or tensorflow.
        function: called with (epoch, figure), the epoch from 0 and a `matplotlib.figure.Figure`.
        every: how many epochs there are from one sheet to the next; the first comes after the first
            epoch. Integer of at least 1.
        draws: how many draws of each image.
        rows: how many images to show. All of them are augmented together.
        class_names: names in the order of ids, or a mapping {id: name}.
        ignore_index: the class that is not trained on; None if there is none.
        background: the class that is neither filled nor outlined; None for none.
        outlines: whether to draw the borders of classes.
        opacity: of the filling, in [0, 1].
        value_range: the values that are shown as black and as white; None guesses, as
            `plot_gallery` does.
        seed: integer; the draws that are shown follow from it and from the epoch.

    Raises:
        ImportError: without matplotlib (`pip install "keras-segaug[plot]"`), or, where
            `tensorboard` is given, if neither tensorboard nor tensorflow is installed.
        ValueError: where the sheets have nowhere to go, for an augmentation that is not a layer of
            this package, for images without 1 or 3 channels, for colored masks.

    Example:

    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images, masks = np.zeros((2, 16, 16, 3), "uint8"), np.ones((2, 16, 16), "uint8")
    >>> flip = keras_segaug.JointRandomFlip("horizontal")
    >>> monitor = keras_segaug.AugmentationMonitor(flip, images, masks, folder=folder, every=5)
    >>> monitor.on_epoch_end(0)  # `fit(..., callbacks=[monitor])` does that
    >>> [path.name for path in folder.iterdir()]
    ['epoch_0001.png']
    """

    def __init__(
        self,
        augmentation: AugmentationLayer,
        images: Any,
        masks: Any = None,
        *,
        folder: str | os.PathLike[str] | None = None,
        tensorboard: str | os.PathLike[str] | None = None,
        function: Callable[[int, Any], Any] | None = None,
        every: int = 1,
        draws: int = 3,
        rows: int = 4,
        class_names: Any = None,
        ignore_index: int | None = 255,
        background: int | None = 0,
        outlines: bool = True,
        opacity: float = 0.25,
        value_range: Sequence[float] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self._settings, self._style = checked_look(
            _OWNER,
            draws=draws,
            rows=rows,
            value_range=value_range,
            class_names=class_names,
            ignore_index=ignore_index,
            background=background,
            outlines=outlines,
            opacity=opacity,
        )
        self._settings["seed"] = checks.natural_number(_OWNER, "seed", seed)
        self.every = checks.positive_integer(_OWNER, "every", every)
        self.augmentation = _checked(augmentation)
        self._board = sheets.board_of(_OWNER, folder, tensorboard, function)
        self._folder, self._function = folder, function
        self._data = _copied(augmentation, images, masks)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch % self.every:
            return
        before, title = epoch * self._settings["draws"], f"epoch {epoch + 1}"
        source, data = self.augmentation, self._data
        figure = sheets.sheet(_OWNER, source, data, self._settings, self._style, before, title)
        if self._folder is not None:
            sheets.write_png(_OWNER, self._folder, figure, epoch)
        if self._board:
            self._board.write(figure, epoch)
        if self._function is not None:
            self._function(epoch, figure)

    def on_train_end(self, logs: Any = None) -> None:
        if self._board:
            self._board.close()


def _checked(augmentation):
    if not isinstance(augmentation, AugmentationLayer):
        accepted = "a layer of keras_segaug, whose draws have keys that training does not use"
        checks.fail(_OWNER, "augmentation", accepted, augmentation)
    one_result(_OWNER, augmentation)
    return augmentation


def _copied(augmentation, images, masks):
    """Copies of images and masks, checked so that what cannot be shown raises now."""
    images, masks = (
        x if x is None else keras.tree.map_structure(_array, x) for x in (images, masks)
    )
    owner = Owner(_OWNER, augmentation)
    for batch in batches_of(owner, images, masks):
        shown, mask = arrays_of(owner, batch)
        view.rgb(owner, shown, (0.0, 1.0))
        if mask is not None and mask.shape[-1] != 3:
            # Three channels may be colors, for an augmentation that codes them.
            view.class_ids(owner, mask)
    return images, masks


def _array(value):
    return np.array(keras.ops.convert_to_numpy(value))
