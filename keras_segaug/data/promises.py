"""What a dataset has promised about its elements; a file that has changed since is named."""

import os

import numpy as np

from keras_segaug.data.problems import BrokenFileError, Problem
from keras_segaug.data.reading import BrokenPairError


class Promise:
    """What every element of a dataset is.

    Attributes:
        image_dtype: of all images.
        mask_dtype: of all masks.
        size: (height, width) of all pairs, before resizing; None where they differ.
    """

    def __init__(self, survey, labels):
        (self.image_dtype,) = survey.image_dtypes
        self.mask_dtype = survey.mask_dtype(labels.ids)
        self.size = next(iter(survey.sizes)) if len(survey.sizes) == 1 else None
        self._decoded = survey.counts is not None
        # If only headers were checked, the first file that uses an index decides its color.
        self._table = dict(survey.table) if labels.own_palette else None

    def check(self, pair, image, mask, colors):
        """Raises `BrokenPairError` for what no longer fits: a cast would change it silently."""
        problems = []
        if image.dtype != self.image_dtype:
            problems.append(_changed(pair.image, image.dtype, self.image_dtype))
        if self.size not in (None, mask.shape):
            sizes = ("{} x {}".format(*size) for size in (mask.shape, self.size))
            problems.append(_changed(pair.image, *sizes))
        # Usually the dtypes are enough, and the pixels need not be checked.
        largest = 0 if np.can_cast(mask.dtype, self.mask_dtype) else mask.max(initial=0)
        if largest > np.iinfo(self.mask_dtype).max:
            problems.append(_changed(pair.mask, f"ids up to {largest}", self.mask_dtype))
        try:
            self.check_table(pair, colors)
        except BrokenFileError as error:
            problems.append(error.problem)
        if problems:
            raise BrokenPairError(problems)

    def check_table(self, pair, colors):
        """Raises `BrokenFileError` if indices, as ids, stand for other colors than before."""
        if self._table is None:
            return
        for index, color in colors.items():
            first = self._table.setdefault(index, color)
            if first != color:
                detail = f"index {index} is {color}, not {first}"
                raise BrokenFileError("table", pair.mask, detail)

    def broken(self, problems):
        """The problems of reading a pair that has passed the check, in their current form."""
        return [self._now(problem) for problem in problems]

    def _now(self, problem):
        if not os.path.lexists(problem.path):
            return Problem("changed", problem.path, "it is gone")
        if self._decoded and problem.kind != "changed":
            detail = f"{problem.detail} (sound when the dataset was made: has it changed?)"
            return problem._replace(detail=detail.lstrip())
        return problem


def _changed(path, now, promised):
    return Problem("changed", path, f"{now}, where the dataset gives {promised}")
