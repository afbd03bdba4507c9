"""Which image belongs to which mask: decided by paths alone, without opening a file."""

import heapq
import os
from typing import NamedTuple

from keras_segaug.data.image_files import broken_link
from keras_segaug.data.problems import Problem, owner

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")


class Pair(NamedTuple):
    """The paths of an image and its mask."""

    image: str
    mask: str


class Found(NamedTuple):
    """Pairs in the order of the images' paths, problems, and the number of other files."""

    pairs: list
    problems: list
    ignored: int


def find_pairs(images, masks, image_suffix="", mask_suffix="", pair=None):
    """Pairs the files of two folders, or of one, by path and stem or by the function `pair`."""
    one_folder = os.path.realpath(images) == os.path.realpath(masks)
    image_files, ignored, problems = _images(images, [] if one_folder else [masks])
    if one_folder:
        mask_files = image_files
    else:
        mask_files, others, more_problems = _images(masks, [images])
        ignored += others
        problems += more_problems
    if pair is not None:
        found = _paired_by(pair, image_files, mask_files, images, masks, one_folder)
    else:
        if one_folder:
            image_files, mask_files, others = _told_apart(image_files, image_suffix, mask_suffix)
        else:
            image_files, others = _ending_in(image_suffix, image_files)
            mask_files, more = _ending_in(mask_suffix, mask_files)
            others += more
        ignored += others
        found = _paired_by_stem(
            _by_key(image_files, image_suffix, images), _by_key(mask_files, mask_suffix, masks)
        )
    return Found(found.pairs, problems + found.problems, ignored + found.ignored)


def _images(folder, without):
    """The image files below a folder, as sorted relative paths with "/", the count of others,
    and broken links.

    Links to folders are followed, but no folder is entered twice: links may form loops.
    """
    seen = {os.path.realpath(path) for path in without}
    found, ignored, problems = [], 0, []
    waiting: list = [("", folder)]
    links: list = []
    while waiting or links:
        # Links come last and in order: a folder's own name takes precedence over links to it.
        prefix, path = waiting.pop() if waiting else heapq.heappop(links)
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                is_image = entry.name.lower().endswith(ENDINGS)
                if entry.is_symlink() and not os.path.exists(entry.path):
                    # A linked image or mask is paired first, and reported when it cannot be opened.
                    if is_image:
                        found.append(prefix + entry.name)
                    else:
                        problems.append(Problem("link", entry.path, broken_link(entry.path)))
                elif entry.is_dir():
                    inner = prefix + entry.name + "/", entry.path
                    if entry.is_symlink():
                        heapq.heappush(links, inner)
                    else:
                        waiting.append(inner)
                elif is_image:
                    found.append(prefix + entry.name)
                else:
                    ignored += 1
    return sorted(found), ignored, sorted(problems)


def _stem(file):
    return os.path.splitext(file)[0]


def _ending_in(suffix, files):
    kept = [file for file in files if _stem(file).endswith(suffix)]
    return kept, len(files) - len(kept)


def _told_apart(files, image_suffix, mask_suffix):
    """Images and masks of one folder; where both suffixes fit, the longer one counts."""
    longer, shorter = image_suffix, mask_suffix
    if len(mask_suffix) > len(image_suffix):
        longer, shorter = mask_suffix, image_suffix
    first = [file for file in files if _stem(file).endswith(longer)]
    taken = set(first)
    second, ignored = _ending_in(shorter, [file for file in files if file not in taken])
    if longer == mask_suffix:
        return second, first, ignored
    return first, second, ignored


def _by_key(files, suffix, folder):
    """From relative paths without suffix and ending to the paths of the files that have them."""
    keyed: dict[str, list] = {}
    for file in files:
        stem = _stem(file)
        key = stem[: len(stem) - len(suffix)]
        keyed.setdefault(key, []).append(os.path.join(folder, file))
    return keyed


def _paired_by_stem(images, masks):
    pairs, problems = [], []
    for key, paths in images.items():
        together = paths + masks.get(key, [])
        if key not in masks:
            problems += [Problem("image alone", path) for path in paths]
        elif len(together) == 2:
            pairs.append(Pair(paths[0], masks[key][0]))
        else:
            counts = f"{len(paths)} images, {len(masks[key])} masks"
            problems += [Problem("same stem", path, counts) for path in together]
    for key, paths in masks.items():
        if key not in images:
            problems += [Problem("mask alone", path) for path in paths]
    return Found(pairs, problems, 0)


def _paired_by(pair, images, masks, image_folder, mask_folder, one_folder):
    pairs, problems, ignored, used = [], [], 0, set()
    known = set(masks)
    for image in images:
        answer = pair(image)
        if answer is None:
            ignored += 1
            continue
        try:
            mask = os.fspath(answer)
        except TypeError:
            raise TypeError(
                f"{owner()}: `pair` must return the mask's path, relative to the folder of masks, "
                f"or None for a file that is no image. Received: pair({image!r}) gave {answer!r}."
            ) from None
        if os.path.isabs(mask):
            mask = os.path.relpath(mask, mask_folder)
        mask = os.path.normpath(mask).replace(os.sep, "/")
        path, mask_path = os.path.join(image_folder, image), os.path.join(mask_folder, mask)
        if mask in known or os.path.isfile(mask_path):
            pairs.append(Pair(path, mask_path))
            used.add(mask)
        else:
            problems.append(Problem("image alone", path, f"`pair` gave {answer!r}"))
    _refuse_both(pairs)
    if not one_folder:
        problems += [
            Problem("mask alone", os.path.join(mask_folder, mask))
            for mask in masks
            if mask not in used
        ]
    return Found(pairs, problems, 0 if one_folder else ignored)


def _refuse_both(pairs):
    """Raises where a mask is an image, too: a `str.replace` that finds nothing gives the mask."""
    # Folders may have several names; within them links are files of their own.
    folders = {os.path.dirname(path) for pair in pairs for path in pair}
    real = {folder: os.path.realpath(folder) for folder in folders}

    def place(path):
        return os.path.join(real[os.path.dirname(path)], os.path.basename(path))

    masks = {place(pair.mask): pair.image for pair in pairs}
    for pair in pairs:
        if place(pair.image) in masks:
            raise ValueError(
                f"{owner()}: `pair` must return None for a mask, which is no image. Received a "
                f"mask for {pair.image!r}, which is the mask of {masks[place(pair.image)]!r}."
            )
