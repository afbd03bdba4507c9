"""Looks at every pair beforehand: what is broken, and what the others have in common."""

import functools
import os
import time
from collections import Counter
from typing import Any

from keras_segaug.data.palettes import counted
from keras_segaug.data.reading import BrokenPairError, Header

# Threads get this many pairs at a time, so the queue does not grow with the folder.
CHUNK = 64
FIRST = 8
LONG = 0.001  # seconds a pair, from which threads pay
PATIENCE = 2.0  # seconds of work before a progress bar shows


class Survey:
    """What is common to pairs, gathered one by one; `first` is the survey of another part.

    Attributes:
        pairs: the sound pairs, in their order.
        classes: for each of these pairs, the ids in its mask; None if not requested.
        problems: the problems of the other pairs.
        sizes: the first size (height, width), and the first other one, with the images' paths.
        image_dtypes: from dtype to the first image that has it, also in the other part.
        counts: pixels of every id; None where masks were not decoded.
        table: from the indices of palette masks to their colors, also in the other part.
        table_conflict: in words, how the files disagree about the table; or None.
        shade_conflict: in words, where one shade of gray masks has two ids; or None.
        oversampling: an `Oversampling` where pairs come several times, else None.
    """

    def __init__(self, reader, pairs, decode=True, verbose=True, first=None, classes=False):
        self.pairs: list = []
        self.classes: list | None = [] if classes else None
        self.problems: list = []
        self.sizes: dict = {}
        self.image_dtypes: dict = dict(first.image_dtypes) if first else {}
        self.counts: Counter | None = Counter() if decode else None
        self.table_conflict = None
        self.shade_conflict = None
        self.oversampling: Any = None
        self.table: dict = dict(first.table) if first else {}
        self._table_files: dict = dict(first._table_files) if first else {}
        self._shades: dict = dict(first._shades) if first else {}
        self._mask_dtypes: set = set()
        look = functools.partial(_decoded if decode else _header, reader)
        for pair, seen in zip(pairs, one_by_one(look, pairs, "Checking", verbose), strict=True):
            if isinstance(seen, BrokenPairError):
                self.problems += seen.problems
            else:
                self._add(pair, *seen)

    def _add(self, pair, header, counts, colors, shade):
        self.pairs.append(pair)
        if self.classes is not None:
            self.classes.append(tuple(counts))
        if len(self.sizes) < 2:
            self.sizes.setdefault(header.size, pair.image)
        self.image_dtypes.setdefault(header.image_dtype, pair.image)
        self._mask_dtypes.add(header.mask_dtype)
        if self.counts is not None:
            self.counts.update(counts)
        for index, color in colors.items():
            first = self.table.setdefault(index, color)
            file = self._table_files.setdefault(index, pair.mask)
            if first != color and self.table_conflict is None:
                self.table_conflict = (
                    f"index {index} is {first} in {file} and {color} in {pair.mask}"
                )
        if shade is not None:
            self._look_for_shades(pair, counts, shade)

    def _look_for_shades(self, pair, counts, shade):
        """Pillow spreads few bits over all shades: white is 1 in one file and 255 in another."""
        for class_id in counts:
            first, file = self._shades.setdefault(class_id * shade, (class_id, pair.mask))
            if first != class_id and self.shade_conflict is None:
                self.shade_conflict = (
                    f"gray {class_id * shade} is id {first} in {file} and id {class_id} in "
                    f"{pair.mask}"
                )

    def mask_dtype(self, ids=None):
        """The smallest dtype for these ids, or else for the ids that the masks hold."""
        if ids is None and self.counts is not None:
            ids = self.counts
        if ids is not None:
            largest = max(ids, default=0)
            return "uint8" if largest < 256 else "uint16" if largest < 65536 else "int32"
        if self._mask_dtypes <= {"bool", "uint8"}:
            return "uint8"
        return "uint16" if self._mask_dtypes <= {"bool", "uint8", "uint16"} else "int32"


def _decoded(reader, pair):
    try:
        image, mask, colors, shade = reader.arrays(pair)
    except BrokenPairError as error:
        return error
    return Header(image.shape[:2], image.dtype.name, mask.dtype.name), count(mask), colors, shade


def _header(reader, pair):
    try:
        return reader.header(pair), {}, {}, None
    except BrokenPairError as error:
        return error


def count(mask):
    """From ids to their numbers of pixels."""
    return dict(zip(*(numbers.tolist() for numbers in counted(mask)), strict=True))


def one_by_one(function, pairs, doing, verbose=True):
    """The function's results in the order of the pairs, with a progress bar where it takes long.

    Large images are decoded in threads; for small ones threads would only get in each other's way.
    The first few pairs decide.
    """
    from concurrent.futures import ThreadPoolExecutor

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    progress = Progress(doing, len(pairs), verbose)
    start = time.monotonic()
    yield from map(function, pairs[:FIRST])
    slow = time.monotonic() - start > LONG * len(pairs[:FIRST])
    with ThreadPoolExecutor(max_workers=min(8, cores or 1)) as executor:
        through = executor.map if slow else map
        for done in range(FIRST, len(pairs), CHUNK):
            yield from through(function, pairs[done : done + CHUNK])
            progress.reach(min(done + CHUNK, len(pairs)))


class Progress:
    """Keras' progress bar, for work that turns out to take long."""

    def __init__(self, doing, total, verbose):
        self._doing, self._total, self._verbose = doing, total, verbose
        self._start = time.monotonic()
        self._bar = None

    def reach(self, done):
        if not self._verbose:
            return
        if self._bar is None and done < self._total and time.monotonic() - self._start > PATIENCE:
            import keras

            print(f"{self._doing} {self._total:,} pairs of files")
            self._bar = keras.utils.Progbar(self._total, interval=0.5, unit_name="pair")
        if self._bar is not None:
            self._bar.update(done)
