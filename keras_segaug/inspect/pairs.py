"""Pictures and masks out of two folders."""

from pathlib import Path

import numpy as np

from keras_segaug.extras import needed


def read_pairs(owner, images, masks, count):
    """The first pairs of files with the same stem, as [(name, image, mask)].

    Images are (H, W, 1) or (H, W, 3). A palette PNG is read as indices; a coloured mask
    stays (H, W, 3), for `MaskOnlyColorToClass`.
    """
    pillow = needed(owner, "PIL.Image", "plot")
    files, mask_files = ({p.stem: p for p in _pictures_in(owner, f)} for f in (images, masks))
    stems = sorted(files.keys() & mask_files.keys())
    if not stems:
        raise ValueError(
            f"{owner}: no picture in {images} has a mask of the same name in {masks}: found "
            f"{len(files)} pictures and {len(mask_files)} masks."
        )
    pairs = []
    for stem in stems[:count]:
        pair = []
        for path, kinds in ((files[stem], ("L", "RGB", "I;16")), (mask_files[stem], None)):
            try:
                with pillow.open(path) as picture:
                    grey = picture.mode in ("1", "L", "LA")
                    kept = picture.mode in (kinds or ("L", "P", "I;16", "I", "RGB"))
                    pair.append(
                        np.array(picture if kept else picture.convert("L" if grey else "RGB"))
                    )
            except OSError as error:
                raise ValueError(f"{owner}: {path} cannot be read: {error}") from error
        image, mask = pair
        pairs.append((files[stem].name, image if image.ndim == 3 else image[..., None], mask))
    return pairs


def _pictures_in(owner, folder):
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{owner}: there is no folder {folder}.")
    endings = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in endings)
