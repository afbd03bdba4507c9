"""Hugging Face `datasets`: rows with an image and a mask, augmented as they are read.

    python -m examples.scale.hugging_face

The dataset is made here; `load_dataset` gives others. The library's own example of augmentation
resizes masks bilinearly, which invents labels (datasets#6865): here image and mask move together,
and masks are sampled as nearest. Without keys the draws follow the order in which rows are read, so
several hosts need layers with different seeds.
"""

import os

from examples.scale.needs import need

need("datasets")

# Nothing should be downloaded.
os.environ["HF_HUB_OFFLINE"] = "1"

import datasets  # noqa: E402
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from examples.scale.common import augmentation, check_pairs, fingerprint, records  # noqa: E402
from keras_segaug.data.hugging_face import transform  # noqa: E402

COUNT, BATCH = 16, 4


def a_dataset():
    """A dataset as `load_dataset` gives it, with columns of pillow images."""
    _, images, masks = records(COUNT)
    rows = {
        "image": [Image.fromarray(image) for image in images],
        "annotation": [Image.fromarray(mask) for mask in masks],
        "name": [f"record {n}" for n in range(COUNT)],
    }
    kinds = {"image": datasets.Image(), "annotation": datasets.Image()}
    return datasets.Dataset.from_dict(
        rows, features=datasets.Features({**kinds, "name": datasets.Value("string")})
    )


def an_epoch(dataset):
    """Fingerprints of an epoch's pairs, after checking that image and mask belong together."""
    found = []
    for rows in dataset.iter(batch_size=BATCH):
        for image, mask in zip(rows["image"], rows["annotation"], strict=True):
            check_pairs(image, mask)
            found.append(fingerprint(image, mask))
    return found


def main():
    plain = a_dataset()
    dataset = plain.with_transform(transform(augmentation()))
    epochs = [an_epoch(dataset) for _ in range(2)]
    drawn = [each for epoch in epochs for each in epoch]
    if len(drawn) != 2 * COUNT or len(set(drawn)) < len(drawn):
        raise AssertionError("A pair was lost, or drawn twice.")
    print(f"two epochs of {COUNT} rows: pairs exact, labels and dtypes kept, all different")
    again = plain.with_transform(transform(augmentation()))
    if [an_epoch(again) for _ in range(2)] != epochs:
        raise AssertionError("The same seed gave other pairs.")
    print("the same seed gives the same again")
    row = dataset[3]
    if row["name"] != "record 3" or not isinstance(row["image"], np.ndarray):
        raise AssertionError(f"A row by its number came back as {row}.")
    print("one row by its number: arrays, and the other columns as they were")


if __name__ == "__main__":
    main()
