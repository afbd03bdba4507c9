"""Hugging Face `datasets`: rows with an image and a mask, augmented as they are read.

    python -m examples.scale.hugging_face

The dataset is made here; `load_dataset` gives others. Their own example of augmentation resizes
masks bilinearly, which makes up labels (datasets#6865): here both are moved together, masks by
nearest lookup. Without keys the draws follow the order in which rows are read, so several hosts
want layers with seeds of their own.
"""

import os

from examples.scale.needs import need

need("datasets")

# Nothing is to be fetched.
os.environ["HF_HUB_OFFLINE"] = "1"

import datasets  # noqa: E402
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from examples.scale.common import augmentation, check_pairs, fingerprint, records  # noqa: E402
from keras_segaug.data.hugging_face import transform  # noqa: E402

COUNT, BATCH = 16, 4


def a_dataset():
    """As `load_dataset` gives them: columns of pillow's images."""
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
    """What tells the pairs of an epoch apart, once they are seen to belong together."""
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
