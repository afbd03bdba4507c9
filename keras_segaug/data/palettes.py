"""From the pixels of a mask file to class ids."""

import numbers
from collections.abc import Mapping

import numpy as np

from keras_segaug import checks
from keras_segaug.data.image_files import KNOWN
from keras_segaug.data.named_palettes import named_palette
from keras_segaug.data.problems import OWNER, BrokenFileError

ACCEPTED = (
    'None, "file", "voc", "cityscapes", "ade20k", a list of colours (red, green, blue) in id '
    "order, or a mapping from colours, or from grey values or indices, to ids"
)
MOST_IDS = 2**31 - 1
MOST_LISTED = 8


class Labels:
    """What the pixels of masks mean.

    Attributes:
        class_names: a list in id order, or None.
        ignore_index: the id of pixels without a class, or None.
        ids: all ids that masks may have, or None where anything goes.
        class_colors: from id to colour, as far as a palette tells.
    """

    def __init__(self, palette=None, class_names=None, ignore_index=None):
        self.own_palette = isinstance(palette, str) and palette == "file"
        self._by_colour: dict | None = None
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
        by_colour: dict = self._by_colour or {}
        self.class_colors: dict = {}
        for colour, class_id in by_colour.items():
            self.class_colors.setdefault(class_id, colour)
        self._places, self._ids_of_places = _colour_table(by_colour)

    def _take_named(self, name, class_names, ignore_index):
        named = named_palette(name)
        if named is None:
            checks.fail(OWNER, "palette", ACCEPTED, name)
        if ignore_index is None:
            ignore_index = named.ignore_index
        _class_id("ignore_index", ignore_index)
        new = {named.ignore_index: ignore_index}
        self._by_colour = {colour: new.get(n, n) for colour, n in named.ids.items()}
        # The data sets' own index masks, too: their grey values are ids.
        self._by_value = {n: new.get(n, n) for n in range(len(named.class_names))} | new
        return class_names or named.class_names, ignore_index

    def _take_given(self, palette):
        if isinstance(palette, Mapping) and palette and all(map(_is_whole, palette)):
            self._by_value = {int(value): _class_id("palette", n) for value, n in palette.items()}
            return
        _refuse_twice(palette)
        pairs = checks.palette(OWNER, dict(palette) if isinstance(palette, Mapping) else palette)
        self._by_colour = {colour: _class_id("palette", n) for colour, n in pairs}

    def _possible_ids(self):
        ignored = set() if self.ignore_index is None else {self.ignore_index}
        mapped = [table.values() for table in (self._by_colour, self._by_value) if table]
        if self.class_names is None:
            return set().union(ignored, *mapped) if mapped else None
        named = set(range(len(self.class_names))) | ignored
        unnamed = sorted(set().union(*mapped) - named)
        if unnamed:
            raise ValueError(
                f"{OWNER}: `class_names` must name every id of `palette` (but `ignore_index`). "
                f"Received {len(self.class_names)} names, for ids 0 to "
                f"{len(self.class_names) - 1}, and ids {unnamed} without a name."
            )
        return named

    def colors_of(self, table):
        """From id to colour: what the palette says, else the files' table of their indices."""
        if self.class_colors:
            return self.class_colors
        colours: dict = {}
        for index, colour in table.items():
            colours.setdefault((self._by_value or {}).get(index, index), colour)
        return colours

    def accepted(self, picture):
        """The open mask; raises where the beginning of the file tells that it holds no labels."""
        if picture.lossy:
            raise BrokenFileError("lossy", picture.path)
        if picture.colours not in KNOWN:
            raise BrokenFileError("colours", picture.path, f"a mask in {picture.colours}")
        if self.own_palette and picture.colours != "palette":
            raise BrokenFileError(
                "colours", picture.path, 'not a palette picture, as palette="file" wants'
            )
        if picture.colours in ("rgb", "rgba") and self._by_colour is None:
            kind = "colours" if self._by_value else "coloured"
            detail = "coloured, while `palette` maps single values" if self._by_value else ""
            raise BrokenFileError(kind, picture.path, detail)
        return picture

    def read(self, picture):
        """The ids of an open mask (height, width), and the colours that its indices stand for."""
        pixels = self.accepted(picture).load()
        if picture.colours in ("rgba", "grey and alpha"):
            pixels = _without_alpha(pixels, picture.path)
        if picture.colours in ("rgb", "rgba"):
            return self._of_colours(pixels, picture), {}
        pixels = _whole(pixels, picture)
        if picture.colours == "palette":
            table = picture.table()[:, :3]
            if self._by_colour:
                return self._of_colours(_rows_of(table, pixels, picture), picture), {}
            used = {
                n: tuple(table[n].tolist()) for n in counted(pixels)[0].tolist() if n < len(table)
            }
            return self._of_values(pixels, picture), used
        if self._by_colour and not self._by_value:
            pixels = pixels * pixels.dtype.type(255 if picture.dtype == "bool" else picture.step)
            return self._of_colours(np.repeat(pixels[..., None], 3, axis=-1), picture), {}
        return self._of_values(pixels, picture), {}

    def _of_values(self, values, picture):
        known = counted(values)[0]
        if self._by_value is not None:
            self._refuse_values([n for n in known.tolist() if n not in self._by_value], picture)
            ids = _smallest([self._by_value[n] for n in known.tolist()])
            return ids[np.searchsorted(known, values)]
        accepted = range(MOST_IDS) if self.ids is None else self.ids
        self._refuse_values([n for n in known.tolist() if n not in accepted], picture)
        return values

    def _refuse_values(self, values, picture):
        if values:
            more = f" and {len(values) - MOST_LISTED} more" if len(values) > MOST_LISTED else ""
            listed = ", ".join(map(str, values[:MOST_LISTED])) + more
            raise BrokenFileError("id", picture.path, f"values {listed}")

    def _of_colours(self, pixels, picture):
        if pixels.dtype != np.uint8:
            raise BrokenFileError("colours", picture.path, f"a coloured mask of {pixels.dtype}")
        codes = pixels[..., 0].astype("int32") << 16
        codes |= pixels[..., 1].astype("int32") << 8
        codes |= pixels[..., 2]
        places = self._places[codes]
        if places.all():
            return self._ids_of_places[places]
        unknown, counts = np.unique(codes[places == 0], return_counts=True)
        most = np.argsort(-counts, kind="stable")[:MOST_LISTED]
        colours = tuple(
            ((int(code) >> 16, int(code) >> 8 & 255, int(code) & 255), int(count))
            for code, count in zip(unknown[most], counts[most], strict=True)
        )
        detail = f"{counts.sum():,} pixels in {len(unknown):,} unknown colours"
        raise BrokenFileError("unknown colour", picture.path, detail, colours)


def _colour_table(by_colour):
    """From 24-bit colours to places in a table of ids; 0 is an unknown colour.

    Only the pages of memory that hold known colours are ever written, so that the 64 MiB
    take some KiB.
    """
    places = np.zeros(1 << 24 if by_colour else 0, "int32")
    for place, (red, green, blue) in enumerate(by_colour, 1):
        places[red << 16 | green << 8 | blue] = place
    return places, _smallest([0, *by_colour.values()])


def _smallest(ids):
    """An array of the smallest unsigned dtype that holds the ids."""
    return np.array(ids, np.min_scalar_type(max(ids)))


def counted(values):
    """The values that an array of whole numbers holds, in order, and how often."""
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        counts = np.bincount(values.ravel())
        present = np.flatnonzero(counts)
        return present, counts[present]
    return np.unique(values, return_counts=True)


def _whole(pixels, picture):
    """Grey values as they were stored; only whole numbers can be ids."""
    if pixels.ndim == 3:
        pixels = pixels[..., 0]
    if pixels.dtype.kind not in "buif":
        raise BrokenFileError("colours", picture.path, f"a mask of {pixels.dtype} values")
    if pixels.dtype == bool:
        return pixels.astype("uint8")
    if pixels.dtype.kind == "f":
        if not np.array_equal(pixels, np.floor(pixels)) or np.abs(pixels).max() > MOST_IDS:
            raise BrokenFileError("id", picture.path, "values with fractions, or beyond all ids")
        return pixels.astype("int64")
    return pixels // picture.step if picture.step > 1 else pixels


def _without_alpha(pixels, path):
    opaque = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    clear = np.count_nonzero(pixels[..., -1] != opaque)
    if clear:
        raise BrokenFileError("transparent", path, f"{clear:,} pixels")
    return pixels[..., :-1]


def _rows_of(table, indices, picture):
    if indices.size and indices.max() >= len(table):
        text = f"index {indices.max()}, with {len(table)} colours in its table"
        raise BrokenFileError("unreadable", picture.path, text)
    return table[indices]


def _is_whole(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _class_id(argument, value):
    if not _is_whole(value) or not 0 <= value <= MOST_IDS:
        accepted = "a class id, an integer of at least 0"
        if argument == "palette":
            accepted = f"{ACCEPTED}; every id {accepted}"
        checks.fail(OWNER, argument, accepted, value)
    return int(value)


def _class_names(names):
    if names is None:
        return None
    if isinstance(names, str) or not hasattr(names, "__iter__"):
        checks.fail(OWNER, "class_names", "a list of names in id order", names)
    names = list(names)
    if not names or not all(isinstance(name, str) for name in names):
        checks.fail(OWNER, "class_names", "a list of names in id order", names)
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        checks.fail(OWNER, "class_names", f"different names; {twice} come twice", names)
    return names


def _refuse_twice(palette):
    """`checks.palette` refuses that, too; naming the colour spares a search."""
    if not isinstance(palette, (tuple, list)):
        return
    colours = [tuple(entry[0] if len(entry) == 2 else entry) for entry in palette if _is_row(entry)]
    twice = sorted({colour for colour in colours if colours.count(colour) > 1})
    if twice:
        places = [place for place, colour in enumerate(colours) if colour == twice[0]]
        raise ValueError(
            f"{OWNER}: `palette` must have every colour once. Received {twice[0]} at places "
            f"{places}. Take it out: classes that share a colour cannot be told apart."
        )


def _is_row(entry):
    """Is this a colour, or a pair of a colour and an id?"""
    row = entry[0] if isinstance(entry, (tuple, list)) and len(entry) == 2 else entry
    return isinstance(row, (tuple, list)) and len(row) == 3 and all(map(_is_whole, row))
