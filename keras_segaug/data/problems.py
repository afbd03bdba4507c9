"""What can be wrong with files, and the one message that lists all of it."""

import contextlib
import contextvars
import os
from collections import Counter
from typing import NamedTuple

from keras_segaug.reports import Report

_owner = contextvars.ContextVar("owner", default="segmentation_dataset_from_directory")

# Files of one kind beyond this number are counted, not listed; `FilesReport.problems` has all.
MOST_LISTED = 50
MOST_COLORS = 10

# What is wrong, and its cure. Problems are listed in this order.
KINDS = {
    "image alone": (
        "Images without a mask",
        "A mask has its image's path and stem; or give `image_suffix`, `mask_suffix` or `pair`",
    ),
    "mask alone": (
        "Masks without an image",
        "An image has its mask's path and stem; or give `image_suffix`, `mask_suffix` or `pair`",
    ),
    "same stem": ("Several images or masks with one stem", "Keep one of each"),
    "empty": ("Empty files", "Copy them again"),
    "link": ("Links that lead nowhere", "Take them out, or mend where they point"),
    "unreadable": ("Files that cannot be read", "Copy or export them again"),
    "changed": ("Files that changed since the dataset was made", "Make the dataset again"),
    "frames": (
        "Files of several frames or pages, none of which is known to be the one meant",
        "Save that one as a file of its own",
    ),
    "size": ("Masks of another size than their image", "Resize the mask with nearest lookup"),
    "orientation": (
        "Pairs with an EXIF orientation that fit each other with and without it",
        'Say which with `exif_orientation="apply"` or "ignore"',
    ),
    "colors": ("Files of a kind that is not read here", "Convert them"),
    "table": (
        "Palette masks whose color table is not that of the others",
        "Give `palette` from colors to ids: then colors decide",
    ),
    "lossy": (
        "Masks in a lossy format, whose pixels are no exact labels",
        "Export the masks again, as PNG",
    ),
    "colored": (
        "Colored masks, and no palette that tells their classes",
        "Give `palette`, from colors to class ids",
    ),
    "transparent": (
        "Partly transparent masks, which a class cannot be",
        "Save them without an alpha channel",
    ),
    "unknown color": (
        "Masks with colors that are not in the palette",
        "Add the colors to `palette`; for blended edges, export the masks without smoothing",
    ),
    "id": (
        "Masks with ids that are no class",
        "Name all in `class_names`, set `ignore_index`, or map values: palette={0: 0, 255: 1}",
    ),
}


class Problem(NamedTuple):
    """One thing wrong with one file."""

    kind: str  # of KINDS
    path: str
    detail: str = ""
    colors: tuple = ()  # of pairs (color, number of pixels)


class BrokenFileError(Exception):
    """Raised where a file turns out broken; caught where problems are gathered."""

    def __init__(self, kind, path, detail="", colors=()):
        super().__init__(kind, path, detail)
        self.problem = Problem(kind, path, detail, colors)


class FilesError(ValueError):
    """Files are broken; `problems` lists them as tuples (kind, path, detail, colors)."""

    def __init__(self, message, problems):
        super().__init__(message)
        self.problems = tuple(problems)


def readable(name):
    """The name of a file as text that can be written: not every name is UTF-8."""
    return os.fsencode(name).decode("utf-8", "replace")


def describe(problems):
    """All problems as text, by kind."""
    by_kind: dict[str, list] = {}
    for problem in problems:
        by_kind.setdefault(problem.kind, []).append(problem)
    text = "\n".join(_describe(kind, by_kind[kind]) for kind in KINDS if kind in by_kind)
    return readable(text)


def _describe(kind, problems):
    heading, cure = KINDS[kind]
    lines = [f"{heading} ({len(problems):,}). {cure}."]
    lines += _colors(problems)
    for problem in problems[:MOST_LISTED]:
        lines.append(f"  {problem.path}" + (f": {problem.detail}" if problem.detail else ""))
    if len(problems) > MOST_LISTED:
        lines.append(f"  ... and {len(problems) - MOST_LISTED:,} more")
    return "\n".join(lines)


def _colors(problems):
    """The unknown colors over all files: how many pixels, how many files, the first file."""
    pixels: Counter = Counter()
    files: Counter = Counter()
    first: dict = {}
    for problem in problems:
        for color, count in problem.colors:
            pixels[color] += count
            files[color] += 1
            first.setdefault(color, problem.path)
    lines = [
        f"  {color}: {count:,} pixels in {files[color]:,} files, first in {first[color]}"
        for color, count in pixels.most_common(MOST_COLORS)
    ]
    if len(pixels) > MOST_COLORS:
        lines.append(f"  ... and {len(pixels) - MOST_COLORS:,} more colors")
    return lines


class FilesReport(Report):
    """What was found, what is used and what was left out, and why; `print` it.

    Attributes:
        found: the number of pairs in the folders.
        used: the number of pairs in the dataset.
        skipped: the paths of the files left out because something is wrong with them
            or with the other file of their pair.
        problems: the findings, tuples (kind, path, detail, colors).
        ignored: the number of files that are not images, or lack the suffixes asked for.
        oversampling: an `Oversampling`, which says how often images come; None for once each.
    """

    def __init__(self, found, used, skipped, problems, ignored, oversampling=None):
        super().__init__(problems)
        self.found = found
        self.used = used
        self.skipped = tuple(skipped)
        self.problems = self.findings
        self.ignored = ignored
        self.oversampling = oversampling

    def __str__(self):
        lines = [f"Pairs of images and masks: {self.found:,}, of which used: {self.used:,}."]
        if self.ignored:
            lines.append(f"Other files, ignored: {self.ignored:,}.")
        if self.skipped:
            lines.append(f"Files skipped: {len(self.skipped):,}.")
            lines.append(describe(self.problems))
        if self.oversampling is not None:
            lines.append(str(self.oversampling))
        return "\n".join(lines)


def owner():
    """The name of the function that reads, for messages."""
    return _owner.get()


@contextlib.contextmanager
def owned_by(name):
    """Messages inside this context name this function."""
    token = _owner.set(name)
    try:
        yield
    finally:
        _owner.reset(token)
