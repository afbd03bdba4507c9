"""Draws sheets of augmented images, and writes them as PNGs or to TensorBoard."""

import importlib.util
import io
import struct
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np

from keras_segaug import checks
from keras_segaug.files import written_in_full
from keras_segaug.inspect.gallery import augmented, draw_figure
from keras_segaug.inspect.preview import view

# This many classes are listed, the largest shares first.
_MOST_CLASSES = 8


def sheet(name, source, data, settings, style, before, title):
    """A figure: originals, draws, masks as outlines, and the classes' shares.

    Args:
        name: the name of the caller, for messages.
        source: the augmentation.
        data: (images, masks or None).
        settings: those of `checked_look`, and the seed.
        style: that of `checked_look`.
        before: how many draws have been shown before.
        title: of the sheet.
    """
    images, masks = data
    lines, notes = augmented(name, source, images, masks, **settings, before=before)
    shares = told_shares(lines, style["class_names"], style["ignore_index"])
    figure = draw_figure(lines, notes, style)
    # Above the figure: the space below it belongs to the legend.
    figure.suptitle("\n".join(filter(None, (title, shares))), fontsize="medium")
    return figure


def told_shares(lines, class_names, ignore_index):
    """The share of the pixels that each class has in the originals and in the draws, as text."""
    cells = [cells for _, cells in lines if cells[0].ids is not None]
    if not cells:
        return ""
    originals = np.concatenate([row[0].ids.ravel() for row in cells])
    draws = np.concatenate([cell.ids.ravel() for row in cells for cell in row[1:]])
    before, after = (view.shares(ids, ignore_index) for ids in (originals, draws))
    most = {label: max(before.get(label, 0.0), after.get(label, 0.0)) for label in before | after}
    chosen = sorted(most, key=lambda label: -most[label])[:_MOST_CLASSES]
    told = [
        f"{view.name_of(class_names, label)} {before.get(label, 0.0):.1%} to "
        f"{after.get(label, 0.0):.1%}"
        for label in chosen
    ]
    rest = f" and {len(most) - len(chosen)} more" if len(most) > len(chosen) else ""
    return textwrap.fill(f"class shares, originals to draws: {', '.join(told)}{rest}", 90)


def board_of(owner, folder, tensorboard, function):
    """The `TensorBoard` to write to, or None; raises if sheets have nowhere to go."""
    if folder is None and tensorboard is None and function is None:
        raise ValueError(
            f"{owner}: at least one of `folder`, `tensorboard` and `function` must be given. "
            "Received none. For PNGs write folder='sheets'."
        )
    if function is not None and not callable(function):
        checks.fail(owner, "function", "a function of (epoch, figure)", function)
    return None if tensorboard is None else TensorBoard(owner, tensorboard, "augmentation")


def write_png(owner, folder, figure, epoch):
    """`epoch_0001.png` for the first epoch, as Keras numbers the files of its checkpoints."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with written_in_full(owner, folder / f"epoch_{epoch + 1:04d}.png") as beside:
        beside.write_bytes(_png(figure))


def _png(figure):
    """The figure as bytes: pillow itself does not say why a file cannot be written."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


class TensorBoard:
    """Writes images for TensorBoard, with the package `tensorboard` or with TensorFlow itself.

    Args:
        owner: the name of the caller, for messages.
        folder: where TensorBoard looks.
        tag: the name of the images.
    """

    def __init__(self, owner, folder, tag):
        self._owner, self._folder, self._tag = owner, str(folder), tag
        self._writer: Any = None
        self._library = next(filter(_is_installed, ("tensorboard", "tensorflow")), None)
        if self._library is None:
            raise ImportError(
                f"{owner}: `tensorboard` needs one of the packages tensorboard and tensorflow: "
                "pip install tensorboard. Or give `folder` or `function`."
            )

    def write(self, figure, epoch):
        png = _png(figure)
        # The first chunk of a PNG: its width and height.
        width, height = struct.unpack(">II", png[16:24])
        way = self._by_tensorboard if self._library == "tensorboard" else self._by_tensorflow
        before = self._logged()
        way(png, width, height, epoch)
        # TensorFlow writes events without a word about a full disk.
        if Path(self._folder).is_dir() and self._logged() - before < len(png):
            raise OSError(
                f"{self._owner}: the sheet of epoch {epoch + 1} could not be written to "
                f"{self._folder}, which may be on a full disk. The sheets before it are there."
            )

    def _logged(self):
        """How many bytes the log holds."""
        return sum(file.stat().st_size for file in Path(self._folder).glob("*tfevents*"))

    def _by_tensorboard(self, png, width, height, epoch):
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        if self._writer is None:
            self._writer = EventFileWriter(self._folder)
        size = {"width": width, "height": height, "colorspace": 4}
        image = Summary.Image(encoded_image_string=png, **size)
        summary = Summary(value=[Summary.Value(tag=self._tag, image=image)])
        self._writer.add_event(Event(step=epoch, wall_time=time.time(), summary=summary))
        self._writer.flush()

    def _by_tensorflow(self, png, width, height, epoch):
        import tensorflow as tf

        if self._writer is None:
            self._writer = tf.summary.create_file_writer(self._folder)
        # `tf.summary.image` belongs to the package `tensorboard`; this is what it writes.
        metadata = tf.compat.v1.SummaryMetadata()
        metadata.plugin_data.plugin_name = "images"
        with self._writer.as_default():
            held = [str(width).encode(), str(height).encode(), png]
            tf.summary.write(self._tag, tf.constant(held), epoch, metadata)
        self._writer.flush()

    def close(self):
        if self._writer is not None:
            self._writer.close()
        self._writer = None


def _is_installed(library):
    return importlib.util.find_spec(library) is not None
