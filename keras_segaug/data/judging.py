"""After all pairs were checked: what is refused, left out or warned about."""

import warnings

from keras_segaug.data.problems import FilesError, describe, owner

# The `stacklevel` of `warnings.warn`: the caller of the function that calls `judge`.
CALLER = 4


def judge(found, surveys, options, labels, on_error):
    """Raises or warns about what is wrong with single files or with all of them together."""
    _say(found, surveys, on_error)
    for survey in surveys:
        _refuse_mixtures(survey, options, labels)
        _doubt_black_and_white(survey, labels)


def _say(found, surveys, on_error):
    problems = found.problems + [problem for survey in surveys for problem in survey.problems]
    if not problems:
        return
    files = len({problem.path for problem in problems})
    text = f"{owner()}: problems with {files:,} files, beside {len(found.pairs):,} pairs found"
    if on_error == "raise":
        text += '; on_error="skip" would leave them out'
        raise FilesError(f"{text}.\n{describe(problems)}", problems)
    warnings.warn(f"{text}; they are left out.\n{describe(problems)}", stacklevel=CALLER)


def _refuse_mixtures(survey, options, labels):
    """Raises where pairs that are each sound do not go together."""
    if not survey.pairs:
        raise FilesError(
            f"{owner()}: no pair is left.\n{describe(survey.problems)}", survey.problems
        )
    if len(survey.image_dtypes) > 1:
        each = ", ".join(f"{dtype} (as {path})" for dtype, path in survey.image_dtypes.items())
        raise ValueError(
            f"{owner()}: images must all have the same depth: gray levels of different depths mean "
            f"different things. Received {each}. Convert them to one."
        )
    if len(survey.sizes) > 1 and options.batch_size is not None and options.image_size is None:
        each = ", ".join("{} x {} ({})".format(*size, path) for size, path in survey.sizes.items())
        raise ValueError(
            f"{owner()}: pairs that differ in height or width fit in no batch. Received {each}. "
            "Set image_size=(height, width) to resize them, or batch_size=None for one by one."
        )
    if survey.table_conflict is not None:
        text = f"{owner()}: the color tables of palette masks disagree: {survey.table_conflict}."
        if labels.own_palette:
            raise ValueError(f"{text} Give `palette` from colors to ids: then colors decide.")
        warnings.warn(
            f"{text} Indices are taken as class ids; if colors are the classes, give `palette`.",
            stacklevel=CALLER,
        )
    if labels.as_stored and survey.shade_conflict is not None:
        warnings.warn(
            f"{owner()}: gray masks of different depths disagree: {survey.shade_conflict}. Stored "
            "values are taken as ids; if shades are the classes, save all masks with 8 bits.",
            stacklevel=CALLER,
        )


def _doubt_black_and_white(survey, labels):
    """Warns about masks of 0 and 255: a class drawn in white is very common, and 255 a poor id."""
    if labels.ids is None and labels.ignore_index is None and set(survey.counts or ()) == {0, 255}:
        warnings.warn(
            f"{owner()}: all masks hold 0 and 255 only, which are taken as ids. If white is a "
            "class, palette={0: 0, 255: 1} makes it 1; if it is to be ignored, set "
            "ignore_index=255.",
            stacklevel=CALLER,
        )
