"""What two folders hold: their pairs, the parts (such as validation), and a survey of each."""

import hashlib
import os

from keras_segaug import checks
from keras_segaug.data.arguments import folder_of
from keras_segaug.data.pairs import find_pairs
from keras_segaug.data.problems import FilesError, FilesReport, describe, owner
from keras_segaug.data.survey import Survey


def surveys_of(found, reader, parts, everything, verbose, classes):
    """A `Survey` of each part, after printing what the parts are; later ones know the first."""
    _tell(found, parts, verbose)
    surveys: list = []
    for pairs in parts.values():
        first = surveys[0] if surveys else None
        surveys.append(Survey(reader, pairs, everything, verbose, first, classes))
    return surveys


def found_in(images, masks, pair, image_suffix, mask_suffix):
    """What `find_pairs` finds in the two folders, and the folder of images."""
    for name, suffix in (("image_suffix", image_suffix), ("mask_suffix", mask_suffix)):
        if not isinstance(suffix, str):
            checks.fail(owner(), name, "a string, the end of the stems", suffix)
    if pair is not None and (not callable(pair) or image_suffix or mask_suffix):
        accepted = (
            "None or a function from an image's path to its mask's, without suffixes beside it"
        )
        checks.fail(owner(), "pair", accepted, pair)
    folders = [folder_of("images", images), folder_of("masks", images if masks is None else masks)]
    one_folder = os.path.realpath(folders[0]) == os.path.realpath(folders[1])
    if one_folder and pair is None and image_suffix == mask_suffix:
        raise ValueError(
            f"{owner()}: where images and masks share a folder, `mask_suffix`, `image_suffix` or "
            f"`pair` must tell them apart. Received: images={folders[0]!r}, masks={masks!r}, "
            f"image_suffix={image_suffix!r}, mask_suffix={mask_suffix!r}, pair=None."
        )
    found = find_pairs(folders[0], folders[1], image_suffix, mask_suffix, pair)
    if not found.pairs:
        _refuse_none(found, folders)
    return found, folders[0]


def _refuse_none(found, folders):
    text = f"{owner()}: no pairs of images and masks in {folders[0]!r} and {folders[1]!r}"
    if not found.problems:
        raise ValueError(
            f"{text}: no images with the endings and suffixes asked for; {found.ignored:,} other "
            "files. Are these the right folders?"
        )
    text += (
        ". Stems must be equal once `image_suffix` and `mask_suffix` are off, or `pair` must say."
    )
    raise FilesError(f"{text}\n{describe(found.problems)}", found.problems)


def parts_of(pairs, folder, validation_split, subset, seed):
    """From the names of the requested parts to their pairs."""
    if subset is None:
        return {"all": pairs}
    start = len(os.path.join(folder, ""))

    def rank(pair):
        name = pair.image[start:].replace(os.sep, "/")
        return hashlib.sha256(f"{seed or 0} {name}".encode(errors="surrogateescape")).digest()

    kept = set(sorted(pairs, key=rank)[: round(len(pairs) * validation_split)])
    parts = {
        "training": [pair for pair in pairs if pair not in kept],
        "validation": [pair for pair in pairs if pair in kept],
    }
    for name, part in parts.items():
        if not part:
            raise ValueError(
                f"{owner()}: `validation_split` leaves nothing for {name}. Received: "
                f"validation_split={validation_split!r} for {len(pairs)} pairs."
            )
    return parts if subset == "both" else {subset: parts[subset]}


def _tell(found, parts, verbose):
    if not verbose:
        return
    print(f"Found {len(found.pairs):,} pairs of images and masks.")
    for name, pairs in parts.items():
        if name != "all":
            print(f"Using {len(pairs):,} of them for {name}.")


def add_reports(datasets, found, surveys, parts):
    """Gives each dataset a report of what was found, used and skipped for it."""
    for dataset, survey, pairs in zip(datasets, surveys, parts.values(), strict=True):
        used = set(survey.pairs)
        skipped = [problem.path for problem in found.problems]
        skipped += [path for pair in pairs if pair not in used for path in pair]
        problems = found.problems + survey.problems
        dataset.report = FilesReport(
            len(found.pairs),
            len(survey.pairs),
            skipped,
            problems,
            found.ignored,
            survey.oversampling,
        )
