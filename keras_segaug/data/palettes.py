"""Turns the pixels of a mask file into class ids."""

import numbers
from collections.abc import Mapping

import numpy as np

from keras_segaug import checks
from keras_segaug.data.image_files import KNOWN
from keras_segaug.data.named_palettes import named_palette
from keras_segaug.data.problems import BrokenFileError, owner

ACCEPTED = (
    'None, "file", "voc", "cityscapes", "ade20k", a list of colors (red, green, blue) in id '
    "order, or a mapping from colors, or from gray values or indices, to ids"
)
MOST_IDS = 2**31 - 1
MOST_LISTED = 8


class Labels:
    """What the pixels of masks mean.

    With `keep_colors`, colored masks that no palette explains are read as they are, (H, W, 3),
    for a layer that knows their colors.

    Attributes:
        class_names: a list in id order, or None.
        ignore_index: the id of pixels without a class, or None.
        as_stored: are the ids the gray levels and indices that the file holds?
        ids: all ids that masks may have, or None if any id is allowed.
        class_colors: from id to color, as far as a palette gives them.
    """

    def __init__(self, palette=None, class_names=None, ignore_index=None, keep_colors=False):
        self._keep_colors = keep_colors
        self.as_stored = palette is None
        self.own_palette = isinstance(palette, str) and palette == "file"
        self._by_color: dict | None = None
        self._by_value: dict | None = None
        palette = palette.tolist() if isinstance(palette, np.ndarray) else palette
        if isinstance(palette, str) and not self.own_palette:
            class_names, ignore_index = self._take_named(palette, class_names, ignore_index)
        elif palette is not None and not self.own_palette:
            self._take_given(palette)
        self.class_names = _class_names(class_names)
        self.ignore_index = ignore_index
        if ignore_index is not None:
            self.ignore_index = _class_id("ignore_index", ignore_index)
        self.ids = self._possible_ids()
        by_color: dict = self._by_color or {}
        self.class_colors: dict = {}
        for color, class_id in by_color.items():
            self.class_colors.setdefault(class_id, color)
        self._places, self._ids_of_places = _color_table(by_color)

    def _take_named(self, name, class_names, ignore_index):
        named = named_palette(name)
        if named is None:
            checks.fail(owner(), "palette", ACCEPTED, name)
        if ignore_index is None:
            ignore_index = named.ignore_index
        _class_id("ignore_index", ignore_index)
        new = {named.ignore_index: ignore_index}
        self._by_color = {color: new.get(n, n) for color, n in named.ids.items()}
        # For the data sets' own index masks as well: their gray values are ids.
        self._by_value = {n: new.get(n, n) for n in range(len(named.class_names))} | new
        return class_names or named.class_names, ignore_index

    def _take_given(self, palette):
        if isinstance(palette, Mapping) and palette and all(map(_is_whole, palette)):
            self._by_value = {int(value): _class_id("palette", n) for value, n in palette.items()}
            return
        _refuse_twice(palette)
        pairs = checks.palette(owner(), dict(palette) if isinstance(palette, Mapping) else palette)
        self._by_color = {color: _class_id("palette", n) for color, n in pairs}

    def _possible_ids(self):
        ignored = set() if self.ignore_index is None else {self.ignore_index}
        mapped = [table.values() for table in (self._by_color, self._by_value) if table]
        if self.class_names is None:
            return set().union(ignored, *mapped) if mapped else None
        named = set(range(len(self.class_names))) | ignored
        unnamed = sorted(set().union(*mapped) - named)
        if unnamed:
            raise ValueError(
                f"{owner()}: `class_names` must name every id of `palette` (but `ignore_index`). "
                f"Received {len(self.class_names)} names, for ids 0 to "
                f"{len(self.class_names) - 1}, and ids {unnamed} without a name."
            )
        return named

    def colors_of(self, table):
        """From id to color: from the palette, else from the files' color table."""
        if self.class_colors:
            return self.class_colors
        colors: dict = {}
        for index, color in table.items():
            colors.setdefault((self._by_value or {}).get(index, index), color)
        return colors

    def accepted(self, image_file):
        """The open mask; raises if the header of the file shows that it cannot hold labels."""
        if image_file.lossy:
            raise BrokenFileError("lossy", image_file.path)
        if image_file.colors not in KNOWN:
            raise BrokenFileError("colors", image_file.path, f"a mask in {image_file.colors}")
        if self.own_palette and image_file.colors != "palette":
            raise BrokenFileError(
                "colors", image_file.path, 'not a palette image, as palette="file" wants'
            )
        colored = image_file.colors in ("rgb", "rgba")
        if colored and self._by_color is None and not self._keep_colors:
            kind = "colors" if self._by_value else "colored"
            detail = "colored, while `palette` maps single values" if self._by_value else ""
            raise BrokenFileError(kind, image_file.path, detail)
        return image_file

    def read(self, image_file):
        """The ids of an open mask (height, width), and the colors that its indices stand for."""
        pixels = self.accepted(image_file).load()
        if image_file.colors in ("rgba", "gray and alpha"):
            pixels = _without_alpha(pixels, image_file.path)
        if image_file.colors in ("rgb", "rgba"):
            known = self._by_color is not None
            return (self._of_colors(pixels, image_file) if known else pixels), {}
        pixels = _whole(pixels, image_file)
        if image_file.colors == "palette":
            table = image_file.table()[:, :3]
            if self._by_color:
                return self._of_colors(_rows_of(table, pixels, image_file), image_file), {}
            used = {
                n: tuple(table[n].tolist()) for n in counted(pixels)[0].tolist() if n < len(table)
            }
            return self._of_values(pixels, image_file), used
        if self._by_color and not self._by_value:
            pixels = pixels * pixels.dtype.type(
                255 if image_file.dtype == "bool" else image_file.step
            )
            return self._of_colors(np.repeat(pixels[..., None], 3, axis=-1), image_file), {}
        return self._of_values(pixels, image_file), {}

    def _of_values(self, values, image_file):
        known = counted(values)[0]
        if self._by_value is not None:
            self._refuse_values([n for n in known.tolist() if n not in self._by_value], image_file)
            ids = _smallest([self._by_value[n] for n in known.tolist()])
            return ids[np.searchsorted(known, values)]
        accepted = range(MOST_IDS) if self.ids is None else self.ids
        self._refuse_values([n for n in known.tolist() if n not in accepted], image_file)
        return values

    def _refuse_values(self, values, image_file):
        if values:
            more = f" and {len(values) - MOST_LISTED} more" if len(values) > MOST_LISTED else ""
            listed = ", ".join(map(str, values[:MOST_LISTED])) + more
            raise BrokenFileError("id", image_file.path, f"values {listed}")

    def _of_colors(self, pixels, image_file):
        if pixels.dtype != np.uint8:
            raise BrokenFileError("colors", image_file.path, f"a colored mask of {pixels.dtype}")
        codes = pixels[..., 0].astype("int32") << 16
        codes |= pixels[..., 1].astype("int32") << 8
        codes |= pixels[..., 2]
        places = self._places[codes]
        if places.all():
            return self._ids_of_places[places]
        unknown, counts = np.unique(codes[places == 0], return_counts=True)
        most = np.argsort(-counts, kind="stable")[:MOST_LISTED]
        colors = tuple(
            ((int(code) >> 16, int(code) >> 8 & 255, int(code) & 255), int(count))
            for code, count in zip(unknown[most], counts[most], strict=True)
        )
        detail = f"{counts.sum():,} pixels in {len(unknown):,} unknown colors"
        raise BrokenFileError("unknown color", image_file.path, detail, colors)


def _color_table(by_color):
    """From 24-bit colors to places in a table of ids; 0 is an unknown color.

    Only the memory pages that hold known colors are ever written, so the 64 MiB take up only some
    KiB.
    """
    places = np.zeros(1 << 24 if by_color else 0, "int32")
    for place, (red, green, blue) in enumerate(by_color, 1):
        places[red << 16 | green << 8 | blue] = place
    return places, _smallest([0, *by_color.values()])


def _smallest(ids):
    """An array of the smallest unsigned dtype that holds the ids."""
    return np.array(ids, np.min_scalar_type(max(ids)))


def counted(values):
    """The values in an array of whole numbers, in order, and how often each occurs."""
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        counts = np.bincount(values.ravel())
        present = np.flatnonzero(counts)
        return present, counts[present]
    return np.unique(values, return_counts=True)


def _whole(pixels, image_file):
    """Gray values as they were stored; only whole numbers can be ids."""
    if pixels.ndim == 3:
        pixels = pixels[..., 0]
    if pixels.dtype.kind not in "buif":
        raise BrokenFileError("colors", image_file.path, f"a mask of {pixels.dtype} values")
    if pixels.dtype == bool:
        return pixels.astype("uint8")
    if pixels.dtype.kind == "f":
        if not np.array_equal(pixels, np.floor(pixels)) or np.abs(pixels).max() > MOST_IDS:
            raise BrokenFileError("id", image_file.path, "values with fractions, or beyond all ids")
        return pixels.astype("int64")
    return pixels // image_file.step if image_file.step > 1 else pixels


def _without_alpha(pixels, path):
    opaque = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    clear = np.count_nonzero(pixels[..., -1] != opaque)
    if clear:
        raise BrokenFileError("transparent", path, f"{clear:,} pixels")
    return pixels[..., :-1]


def _rows_of(table, indices, image_file):
    if indices.size and indices.max() >= len(table):
        text = f"index {indices.max()}, with {len(table)} colors in its table"
        raise BrokenFileError("unreadable", image_file.path, text)
    return table[indices]


def _is_whole(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _class_id(argument, value):
    if not _is_whole(value) or not 0 <= value <= MOST_IDS:
        accepted = "a class id, an integer of at least 0"
        if argument == "palette":
            accepted = f"{ACCEPTED}; every id {accepted}"
        checks.fail(owner(), argument, accepted, value)
    return int(value)


def _class_names(names):
    if names is None:
        return None
    if isinstance(names, str) or not hasattr(names, "__iter__"):
        checks.fail(owner(), "class_names", "a list of names in id order", names)
    names = list(names)
    if not names or not all(isinstance(name, str) for name in names):
        checks.fail(owner(), "class_names", "a list of names in id order", names)
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        checks.fail(owner(), "class_names", f"different names; {twice} come twice", names)
    return names


def _refuse_twice(palette):
    """Refuses a color given twice: `checks.palette` does so too, but does not name the color."""
    if not isinstance(palette, (tuple, list)):
        return
    colors = [tuple(entry[0] if len(entry) == 2 else entry) for entry in palette if _is_row(entry)]
    twice = sorted({color for color in colors if colors.count(color) > 1})
    if twice:
        places = [place for place, color in enumerate(colors) if color == twice[0]]
        raise ValueError(
            f"{owner()}: `palette` must have every color once. Received {twice[0]} at places "
            f"{places}. Take it out: classes that share a color cannot be told apart."
        )


def _is_row(entry):
    """Is this a color, or a pair of a color and an id?"""
    row = entry[0] if isinstance(entry, (tuple, list)) and len(entry) == 2 else entry
    return isinstance(row, (tuple, list)) and len(row) == 3 and all(map(_is_whole, row))
