"""Folders of images and masks as a `tf.data.Dataset`."""

from collections.abc import Sequence
from typing import Any

from keras_segaug.data.arguments import (
    options_of,
    reader_of,
    share_of,
    threshold_of,
)
from keras_segaug.data.building import dataset_of, import_tensorflow
from keras_segaug.data.folders import add_reports, found_in, parts_of, surveys_of
from keras_segaug.data.judging import judge
from keras_segaug.data.oversampling import Oversampling
from keras_segaug.data.palettes import Labels


def segmentation_dataset_from_directory(
    images: Any,
    masks: Any = None,
    pair: Any = None,
    image_suffix: str = "",
    mask_suffix: str = "",
    palette: Any = None,
    class_names: Any = None,
    ignore_index: int | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Sequence[int] | None = None,
    interpolation: str = "bilinear",
    antialias: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    output: str = "tuple",
    exif_orientation: str | None = None,
    check: str = "all",
    on_error: str = "raise",
    verbose: bool = True,
    oversample: str | None = None,
    threshold: float | None = None,
) -> Any:
    """Reads folders of images and masks as a `tf.data.Dataset` of pairs.

    Images come as uint8 (uint16 or float32 where the files are) of shape (height, width,
    channels), masks as class ids of shape (height, width), in uint8 where all ids fit, else
    uint16 or int32. Files are decoded in parallel and come in an order that `seed` decides.

    All files (of the `subset`) are checked before the first element. One error lists everything
    that is wrong with any of them: files without a partner, files that cannot be read, masks of
    another size than their image, colors that are not in the palette, ids that are no class,
    animations and files of several pages. Links to folders are followed, each folder once. A file
    that changes later and no longer fits raises when its element is read.

    **Masks.** Index, gray, palette and colored PNGs, also BMP, GIF and TIFF, but no lossy formats.
    Without `palette` the stored values are the class ids; in a palette PNG these are its indices.
    With a palette of colors, the colors decide, in palette PNGs too. Masks are resized by nearest
    lookup only.

    **Images.** PNG, JPEG, BMP, GIF, WebP, and TIFF with `pip install "keras-segaug[tiff]"`. Gray
    levels are not rescaled. From a camera's JPEG with a preview after the photo (MPO), the photo is
    taken.

    Args:
        images: the folder of images; its subfolders are searched, too.
        masks: the folder of masks. None where images and masks share one folder; then
            `mask_suffix` or `pair` tells them apart.
        pair: a function from an image's path to its mask's path, each relative to its folder, with
            "/"; it returns None for a file that is not an image. By default a mask has its image's
            relative path and stem: `images/a/1.jpg`, `masks/a/1.png`.
        image_suffix: what the stems of images end in, such as "_leftImg8bit"; it is removed before
            stems are compared. Files without it are ignored.
        mask_suffix: the same for masks, such as "_mask".
        palette: how the values of masks become class ids: None takes them as they are; a list of
            colors (red, green, blue) in id order, or a mapping from colors to ids; a mapping from
            gray values or indices to ids, such as `{0: 0, 255: 1}`; "voc", "cityscapes" (training
            ids) or "ade20k" (with 0 for other objects; in colored masks, skyscrapers are read as
            road), each for colored and index masks; "file" requires palette files that all have the
            same color table, whose indices are the ids.
        class_names: names in id order. Ids beyond them are an error.
        ignore_index: the id of pixels that belong to no class, such as 255; it is allowed in
            addition to the classes, and left out of `class_weights`.
        color_mode: "rgb", "grayscale" or "rgba".
        batch_size: None gives pairs one by one, which may differ in size.
        image_size: (height, width) to resize to; None keeps sizes, which must then all be equal for
            batches.
        interpolation: "bilinear", "nearest" or "bicubic", for images.
        antialias: whether images are smoothed where they shrink. As in Keras: False.
        shuffle: whether to shuffle all pairs again in every epoch. Otherwise they come in the order
            of `file_paths`.
        seed: integer or None, for shuffling and for the split.
        validation_split: the share of pairs, between 0 and 1, kept for validation. A hash of seed
            and path decides, so the same pairs are kept on every machine, in both calls, and (with
            a few exceptions) after files were added.
        subset: "training", "validation", or "both" for a tuple of the two datasets.
        output: "tuple" gives (images, masks), "dict" {"images": ..., "segmentation_masks": ...}.
        exif_orientation: "apply" turns images and masks, each as its own EXIF tag says, "ignore"
            turns neither. None does whichever makes image and mask equal in size, and raises where
            both would.
        check: "all" decodes every file once before the first element (and counts the
            pixels for `class_weights`), "headers" reads only sizes and kinds. What
            "headers" cannot see raises when the element is read.
        on_error: "raise", or "skip" to leave out pairs with a problem, with a warning.
        verbose: whether to print how many pairs there are, and a progress bar if the check takes
            long.
        oversample: "repeat_factor" shows images of rare classes several times per epoch (Gupta,
            Dollár and Girshick 2019, arXiv:1908.03195): a class that occurs in a share f of the
            images has the factor max(1, sqrt(threshold / f)), and an image has the largest factor
            of its classes. An image with the factor 2.3 comes twice, and once more in three of ten
            epochs; that is drawn again in each epoch, like the order, from `seed`. Without
            `shuffle` repeats follow each other. The shares are counted in the dataset's own masks,
            as stored in its files, with the background and without `ignore_index`. Validation is
            never oversampled.
        threshold: the share of images below which a class is rare, above 0 and at most 1. None is
            0.1. Each rare class lengthens an epoch by at most threshold / 4 of its length.

    Returns:
        A `tf.data.Dataset`, with further attributes: `class_names`; `ignore_index`; `class_colors`,
        from id to color as far as known; `file_paths`, each with `.image` and `.mask`; `report`,
        which says what was found, used and skipped; `pixel_counts()` from id to number of pixels
        in the files; `class_weights()` from id to weight, total / (classes present * pixels of the
        class), 0 for classes without a pixel. (`fit(class_weight=...)` does not work for masks:
        look the weights up as sample weights.) As in Keras, the datasets that `map` or `take`
        return do not have these attributes.

        With oversampling the length of an epoch is random, and `len(dataset)` is unknown:
        TensorFlow has no expected lengths. `steps_per_epoch` is the average in batches, rounded up
        (and `len(dataset)` otherwise), `report.oversampling.length` the average in pairs; its
        `images` and `images_per_epoch` say for each class how many images hold it, in all and in an
        epoch. `fit(dataset.repeat(), steps_per_epoch=dataset.steps_per_epoch)` draws again in every
        pass; for a dataset of unknown length Keras uses the first epoch's number of batches for all
        others, and warns where one is shorter. `class_weights()` does not count repeats.
        `dataset.cache()` keeps the first draw, just as it keeps the order.

    Raises:
        ValueError: with everything that is wrong with the files, or for an argument.
        ImportError: if TensorFlow, pillow or, for TIFF files, tifffile is missing.

    Example:

    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("images", "masks"):
    ...     (folder / name).mkdir()
    >>> for n in range(3):
    ...     Image.new("RGB", (8, 6), (n, 0, 0)).save(folder / f"images/{n}.jpg")
    ...     Image.new("RGB", (8, 6), (128, 0, 0)).save(folder / f"masks/{n}.png")
    >>> dataset = keras_segaug.segmentation_dataset_from_directory(
    ...     folder / "images",
    ...     folder / "masks",
    ...     palette={(0, 0, 0): 0, (128, 0, 0): 1},
    ...     class_names=["background", "aeroplane"],
    ...     batch_size=3,
    ... )
    Found 3 pairs of images and masks.
    >>> images, masks = next(iter(dataset))
    >>> tuple(images.shape), tuple(masks.shape), int(masks[0, 0, 0])
    ((3, 6, 8, 3), (3, 6, 8), 1)
    >>> dataset.class_weights()
    {0: 0.0, 1: 1.0}
    """
    labels = Labels(palette, class_names, ignore_index)
    options = options_of(batch_size, image_size, interpolation, antialias, shuffle, seed, output)
    share = share_of(validation_split, subset)
    reader = reader_of(labels, color_mode, exif_orientation, check, on_error)
    threshold = threshold_of(oversample, threshold, check)
    import_tensorflow()
    found, folder = found_in(images, masks, pair, image_suffix, mask_suffix)
    parts = parts_of(found.pairs, folder, share, subset, seed)
    surveys = surveys_of(found, reader, parts, check == "all", verbose, threshold is not None)
    judge(found, surveys, options, labels, on_error)
    _oversample(surveys, parts, labels, threshold, verbose)
    datasets = [dataset_of(reader, survey, labels, options, verbose) for survey in surveys]
    add_reports(datasets, found, surveys, parts)
    return tuple(datasets) if subset == "both" else datasets[0]


def _oversample(surveys, parts, labels, threshold, verbose):
    for part, survey in zip(parts, surveys, strict=True):
        if threshold is not None and part != "validation":
            survey.oversampling = Oversampling(survey, labels, threshold)
            if verbose:
                print(survey.oversampling.summary())
