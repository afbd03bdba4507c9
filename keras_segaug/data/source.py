"""Folders of images and masks by index: for grain, torch's `DataLoader`, Keras' `PyDataset`."""

import hashlib
import operator
import os
from typing import Any

from keras_segaug.core.versions import Mark
from keras_segaug.data.arguments import options_of, reader_of, share_of
from keras_segaug.data.building import add_knowledge
from keras_segaug.data.folders import add_reports, found_in, parts_of, surveys_of
from keras_segaug.data.judging import judge
from keras_segaug.data.palettes import Labels
from keras_segaug.data.problems import owned_by
from keras_segaug.data.promises import Promise

_OWNER = "segmentation_source_from_directory"


class SegmentationSource:
    """Pairs of images and masks by index; what `segmentation_source_from_directory` returns."""

    class_names: Any
    ignore_index: Any
    class_colors: Any
    file_paths: Any
    pixel_counts: Any
    class_weights: Any
    report: Any

    def __init__(self, reader, survey, labels, output, folder, verbose):
        # The first attribute, so that a pickle begins with it.
        self._version = Mark(_OWNER)
        self._reader = reader
        self._promise = Promise(survey, labels)
        self._output = output
        add_knowledge(self, reader, survey, labels, self._promise, verbose)
        names = "\n".join(os.path.relpath(pair.image, folder) for pair in survey.pairs)
        self._digest = hashlib.sha256(names.encode(errors="surrogateescape")).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self.file_paths)

    def __getitem__(self, index: Any) -> Any:
        place = operator.index(index)
        if not -len(self) <= place < len(self):
            raise IndexError(f"{_OWNER}: there is no pair {place}, there are {len(self)}.")
        with owned_by(_OWNER):
            image, mask = self._reader.read(self.file_paths[place], self._promise)
        if self._output == "dict":
            return {"images": image, "segmentation_masks": mask}
        return image, mask

    def __repr__(self) -> str:
        # The same wherever the folder is: grain compares this when a saved iterator goes on.
        return f"<SegmentationSource of {len(self)} pairs, {self._digest}>"


def segmentation_source_from_directory(
    images: Any,
    masks: Any = None,
    pair: Any = None,
    image_suffix: str = "",
    mask_suffix: str = "",
    palette: Any = None,
    class_names: Any = None,
    ignore_index: int | None = None,
    color_mode: str = "rgb",
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    output: str = "tuple",
    exif_orientation: str | None = None,
    check: str = "all",
    on_error: str = "raise",
    verbose: bool = True,
) -> Any:
    """Reads folders of images and masks as pairs by index, without TensorFlow.

    For engines that read by index: `grain.MapDataset.source(source)`, torch's `DataLoader(source)`,
    a `keras.utils.PyDataset`. Files are found, checked and read exactly as in
    `segmentation_dataset_from_directory`; shuffling, batching and resizing (`JointResizing`) are
    left to the engine.

    Images are numpy arrays (height, width, channels) of uint8 (uint16 or float32 where the files
    are), masks are class ids (height, width) in uint8 where all ids fit, else uint16 or int32.
    Pairs may differ in size. A source can be sent to worker processes. Only PNG files with 16-bit
    colors still need TensorFlow.

    Args:
        images: as in `segmentation_dataset_from_directory`, like all other arguments.
        masks: the folder of masks; None: the folder of images.
        pair: from an image's path to its mask's.
        image_suffix: what the stems of images end in.
        mask_suffix: what the stems of masks end in.
        palette: how the values of masks become class ids.
        class_names: names in id order.
        ignore_index: the id of pixels that belong to no class.
        color_mode: "rgb", "grayscale" or "rgba".
        seed: integer or None, for the split.
        validation_split: the share of pairs kept for validation, the same pairs as in that
            function.
        subset: "training", "validation", or "both" for a tuple of two sources.
        output: "tuple" gives (image, mask), "dict" {"images": ..., "segmentation_masks": ...}.
        exif_orientation: "apply", "ignore", or None for whichever makes image and mask fit.
        check: "all" or "headers".
        on_error: "raise" or "skip".
        verbose: whether to print how many pairs there are, and a progress bar.

    Returns:
        A sequence with `len` and indices, which has the attributes `class_names`,
        `ignore_index`, `class_colors`, `file_paths`, `report`, `pixel_counts()` and
        `class_weights()` of `segmentation_dataset_from_directory`.

    Raises:
        ValueError: with everything that is wrong with the files, or for an argument.
        IndexError: by the source, for an index beyond its pairs.
        ImportError: if pillow or, for TIFF files, tifffile is missing.

    Example:

    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name, mode in (("images", "RGB"), ("masks", "L")):
    ...     (folder / name).mkdir()
    ...     for n in range(3):
    ...         Image.new(mode, (8, 6)).save(folder / f"{name}/{n}.png")
    >>> source = keras_segaug.segmentation_source_from_directory(
    ...     folder / "images", folder / "masks"
    ... )
    Found 3 pairs of images and masks.
    >>> image, mask = source[2]
    >>> len(source), image.shape, mask.shape, mask.dtype.name
    (3, (6, 8, 3), (6, 8), 'uint8')
    """
    with owned_by(_OWNER):
        labels = Labels(palette, class_names, ignore_index)
        # Pairs come one by one, as they are.
        options = options_of(None, None, "bilinear", False, False, seed, output)
        share = share_of(validation_split, subset)
        reader = reader_of(labels, color_mode, exif_orientation, check, on_error)
        found, folder = found_in(images, masks, pair, image_suffix, mask_suffix)
        parts = parts_of(found.pairs, folder, share, subset, seed)
        surveys = surveys_of(found, reader, parts, check == "all", verbose, False)
        judge(found, surveys, options, labels, on_error)
        given = labels, options.output, folder, verbose
        sources = [SegmentationSource(reader, survey, *given) for survey in surveys]
        add_reports(sources, found, surveys, parts)
    return tuple(sources) if subset == "both" else sources[0]
