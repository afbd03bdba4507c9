"""Images, their draws and their masks, as a matplotlib figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_segaug import checks
from keras_segaug.extras import needed
from keras_segaug.inspect.preview import view
from keras_segaug.inspect.preview.draws import Owner, arrays_of, batches_of, coded, draw

_LEGEND_ENTRIES = 24


@dataclass
class Cell:
    title: str
    image: np.ndarray  # uint8 (H, W, 3)
    ids: np.ndarray | None  # (H, W)


def plot_gallery(
    source: Any,
    images: Any = None,
    masks: Any = None,
    *,
    draws: int = 4,
    rows: int = 4,
    class_names: Any = None,
    ignore_index: int | None = 255,
    background: int | None = 0,
    outlines: bool = True,
    opacity: float = 0.25,
    value_range: Sequence[float] | None = None,
    seed: int = 0,
) -> Any:
    """Plots images next to their augmented versions, with their masks over them.

    A row is an image: the original, then its draws. Classes are filled and outlined, with a legend;
    ignored pixels are gray. A dataset is shown as it comes, one sample per cell.

    Args:
        source: a layer of this package, any function that takes and returns images and masks, a
            mapping {title: such a layer or function}, with rows for each, or a dataset of pairs,
            batched or not.
        images: one image, a batch, or a list of images of any sizes, with 1 or 3 channels; None
            where `source` is a dataset. 8-bit images and floats in 0 to 1 or 0 to 255 keep their
            brightness; others are scaled from their lowest to their highest value, over all
            originals or all draws, which the figure then states.
        masks: class ids or one-hot, as a layer accepts them; None shows images alone.
        draws: how many draws of each image.
        rows: how many images to show. All of a batch are augmented together.
        class_names: names in the order of ids, or a mapping {id: name}.
        ignore_index: the class that is not trained on; None if there is none.
        background: the class that is neither filled nor outlined; None for none.
        outlines: whether to draw the borders of classes.
        opacity: of the filling, in [0, 1].
        value_range: the values that are shown as black and as white, in originals and draws; None
            guesses as described for `images`.
        seed: integer; a layer's draws follow from it. The layer's own random stream stays
            where it is.

    Returns:
        A `matplotlib.figure.Figure`; `figure.savefig("gallery.png")` writes it.

    Raises:
        ImportError: without matplotlib (`pip install "keras-segaug[plot]"`).
        ValueError: for images without 1 or 3 channels, for colored masks.

    Example:

    >>> images, masks = np.zeros((2, 16, 16, 3), "uint8"), np.ones((2, 16, 16), "uint8")
    >>> flip = keras_segaug.JointRandomFlip()
    >>> figure = keras_segaug.plot_gallery(flip, images, masks, class_names=["sky", "road"])
    >>> [axes.get_title() for axes in figure.axes][:3]
    ['original', 'draw 1', 'draw 2']
    """
    name = "plot_gallery"
    settings, style = checked_look(
        name,
        draws=draws,
        rows=rows,
        value_range=value_range,
        class_names=class_names,
        ignore_index=ignore_index,
        background=background,
        outlines=outlines,
        opacity=opacity,
    )
    if images is not None:
        lines, notes = augmented(name, source, images, masks, **settings, seed=seed)
    elif callable(source) or isinstance(source, Mapping):
        raise ValueError(f"{name}: `images` must be given with an augmentation. Received None.")
    else:
        lines, notes = _as_it_comes(source, draws + 1, rows, settings["value_range"])
    return draw_figure(lines, notes, style)


def checked_look(name, *, draws, rows, value_range, class_names, outlines, opacity, **classes):
    """The settings that `augmented` takes besides the data, and the style for `draw_figure`.

    Args:
        name: the name of the caller, for messages.
        draws: as in `plot_gallery`, like the arguments below.
        rows: see there.
        value_range: see there.
        class_names: see there.
        outlines: see there.
        opacity: see there.
        **classes: `ignore_index` and `background`, see there.
    """
    needed(name, "matplotlib", "plot")
    settings = {
        "draws": checks.positive_integer(name, "draws", draws),
        "rows": checks.positive_integer(name, "rows", rows),
        "value_range": checks.optional_value_range(name, value_range),
    }
    style = {
        "class_names": view.check_class_names(name, class_names),
        "outlines": checks.truth(name, "outlines", outlines),
        "opacity": checks.number(name, "opacity", opacity, 0.0, 1.0),
    }
    return settings, {**style, **classes}


def augmented(name, source, images, masks, draws, rows, value_range, seed, before=0):
    """Rows of cells, [(label, [cell])], and notes about brightness.

    Args:
        name: the name of the calling function, for messages.
        source: as in `plot_gallery`, like the arguments below.
        images: see there.
        masks: see there.
        draws: see there.
        rows: see there.
        value_range: see there.
        seed: see there.
        before: how many draws of the seed have been shown before.
    """
    lines: list = []
    notes: list[str] = []
    sources = source if isinstance(source, Mapping) else {"": source}
    for label, augmentation in sources.items():
        if not callable(augmentation):
            checks.fail(name, "source", "a layer, a function or a dataset", augmentation)
        owner = Owner(name, augmentation)
        batches = batches_of(owner, images, masks)
        originals = []
        for batch in batches:
            shown, mask = arrays_of(owner, batch)
            originals.append((shown, None if mask is None else coded(augmentation, shown, mask)))
        numbers = range(before + 1, before + draws + 1)
        drawn = [draw(owner, augmentation, batches, seed, number) for number in numbers]
        columns = {"original": _cells(owner, "original", [originals], value_range, notes)[0]}
        shown = _cells(owner, "draws", drawn, value_range, notes)
        columns.update({f"draw {i}": cells for i, cells in enumerate(shown, 1)})
        count = min(rows, len(columns["original"]))
        lines += [
            (label, [Cell(title, *cells[i]) for title, cells in columns.items()])
            for i in range(count)
        ]
    return lines, notes


def _as_it_comes(dataset, columns, rows, value_range):
    owner, batches, count = Owner("plot_gallery"), [], 0
    notes: list[str] = []
    for element in dataset:
        batches.append(arrays_of(owner, element))
        count += len(batches[-1][0])
        if count >= rows * columns:
            break
    if not batches:
        raise ValueError("plot_gallery: the dataset holds nothing.")
    cells = [Cell("", *cell) for cell in _cells(owner, "samples", [batches], value_range, notes)[0]]
    cells = cells[: rows * columns]
    return [("", cells[i : i + columns]) for i in range(0, len(cells), columns)], notes


def _cells(owner, what, columns, value_range, notes):
    """For each column, a list of batches, its images: (uint8 image, class ids)."""
    shown, guessed = value_range, False
    if value_range is None:
        shown, guessed = view.value_range_of([entry[0] for column in columns for entry in column])
    note = f"{what}: black is {shown[0]:.3g}, white is {shown[1]:.3g}"
    if guessed and note not in notes:
        notes.append(note)
    return [
        [
            (image, None if masks is None else view.class_ids(owner, masks[i]))
            for images, masks, *_ in column
            for i, image in enumerate(view.rgb(owner, images, shown))
        ]
        for column in columns
    ]


# --- The figure ------------------------------------------------------------------------------


def draw_figure(lines, notes, style):
    """Rows of cells as a figure, with a legend of the classes in it."""
    from matplotlib.figure import Figure

    class_names = style["class_names"]
    painting = {key: value for key, value in style.items() if key != "class_names"}
    columns = max(len(cells) for _, cells in lines)
    height, width = lines[0][1][0].image.shape[:2]
    labels = any(label for label, _ in lines)
    size = (2.6 * columns + 1.6 * labels, 2.6 * min(height / width, 2.0) * len(lines) + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(lines), columns, squeeze=False)
    present = set()
    for axes_of_row, (label, cells) in zip(grid, lines, strict=True):
        for axes in axes_of_row:
            axes.set_axis_off()
        if label:
            axes_of_row[0].text(
                -0.05, 0.5, label, ha="right", va="center", transform=axes_of_row[0].transAxes
            )
        for axes, cell in zip(axes_of_row, cells, strict=False):
            image = cell.image
            if cell.ids is not None:
                image = view.painted(image, cell.ids, **painting)
                present |= set(np.unique(cell.ids).tolist())
            axes.imshow(image)
    for axes, cell in zip(grid[0], lines[0][1], strict=False):
        axes.set_title(cell.title)
    _add_legend(figure, present, class_names, style)
    if notes:
        figure.supxlabel("; ".join(notes), fontsize="small")
    return figure


def _add_legend(figure, present, class_names, style):
    from matplotlib.patches import Patch

    without = {style["ignore_index"], view.NO_CLASS}
    classes = sorted(present - without - {style["background"]})
    entries = [
        (view.name_of(class_names, class_id), view.hexadecimal(view.color_of(class_id)))
        for class_id in classes[:_LEGEND_ENTRIES]
    ]
    if len(classes) > _LEGEND_ENTRIES:
        entries.append((f"and {len(classes) - _LEGEND_ENTRIES} more", "none"))
    if present & without:
        entries.append(("ignored", view.hexadecimal(view.IGNORED_COLOR)))
    if entries:
        handles = [Patch(color=color, label=name) for name, color in entries]
        width = max(len(name) for name, _ in entries)
        ncols = max(1, min(len(entries), int(figure.get_figwidth() * 12 / (width + 6))))
        # Each row of the legend makes the figure that much higher.
        rows = -(-len(entries) // ncols)
        figure.set_figheight(figure.get_figheight() + 0.22 * (rows - 1))
        figure.legend(handles=handles, loc="outside lower center", ncols=ncols, frameon=False)
