"""Draws image and mask pairs side by side, the masks as outlines."""

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from slices import IGNORED


def draw_sheet(columns, names, path):
    """Writes a PNG: a row a slice, a column a title of `columns`, {title: (images, masks)}."""
    row_count = len(next(iter(columns.values()))[0])
    size = (2.6 * len(columns), 2.3 * row_count + 0.6)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(row_count, len(columns), squeeze=False)
    # Full hues, which grey pictures do not hold; background needs no outline.
    hues = colormaps["hsv"](np.linspace(0, 1, len(names) - 1, endpoint=False))
    colours = dict(enumerate(hues, 1))
    for column, (title, (images, masks)) in enumerate(columns.items()):
        axes[0, column].set_title(title)
        for row in range(row_count):
            outline(axes[row, column], images[row, ..., 0], masks[row], colours)
    handles = [Line2D([], [], color=colours[i], label=names[i]) for i in colours]
    handles.append(Line2D([], [], color="0.35", linewidth=6, label="filled, not scored"))
    figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False)
    figure.savefig(path, dpi=110)


def outline(axes, image, mask, colours):
    axes.imshow(np.where(mask == IGNORED, 90, image), cmap="gray", vmin=0, vmax=255)
    axes.set_axis_off()
    for label in np.setdiff1d(mask, [0, IGNORED]):
        axes.contour(mask == label, levels=[0.5], colors=[colours[label]], linewidths=0.9)
