"""Reads images and masks from two folders, as training would."""

from pathlib import Path

from keras_segaug.data.pairs import find_pairs
from keras_segaug.data.palettes import Labels
from keras_segaug.data.problems import FilesError, describe, readable
from keras_segaug.data.reading import BrokenPairError, Reader


def read_pairs(
    owner,
    images,
    masks,
    count,
    image_suffix="",
    mask_suffix="",
    palette=None,
    exif_orientation=None,
):
    """The first pairs that the loader finds and reads, as [(name, image, mask)].

    Images are (H, W, 1) or (H, W, 3). Without a palette a colored mask stays (H, W, 3), for
    `MaskOnlyColorToClass`.
    """
    for folder in (images, masks):
        if not Path(folder).is_dir():
            raise FileNotFoundError(f"{owner}: there is no folder {folder}.")
    found = find_pairs(images, masks, image_suffix, mask_suffix)
    if not found.pairs:
        raise ValueError(
            f"{owner}: no image in {images} has a mask of the same name in {masks}. They must be "
            "two folders; `image_suffix` and `mask_suffix` say what follows the common name."
        )
    reader = Reader(Labels(palette, keep_colors=True), None, exif_orientation)
    pairs: list = []
    problems: list = []
    for pair in found.pairs[:count]:
        try:
            image, mask, *_ = reader.arrays(pair)
            pairs.append((readable(Path(pair.image).name), image, mask))
        except BrokenPairError as error:
            problems += error.problems
    if problems:
        raise FilesError(f"{owner}: {describe(problems)}", problems)
    return pairs
