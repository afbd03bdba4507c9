"""10,000 pairs: all broken ones in one message, nothing kept but paths.

`make bench-check` limits how long a scan may take.
"""

import os
import tracemalloc

import numpy as np
import pytest

import keras_segaug
from keras_segaug.data.pairs import find_pairs
from keras_segaug.data.palettes import Labels
from keras_segaug.data.reading import Reader
from keras_segaug.data.survey import Survey
from tests.data_files.folders import random_image, random_mask, save, truncate

COUNT = 10_000


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Links to one image and one mask, which is much quicker than writing 20,000 files."""
    root = tmp_path_factory.mktemp("many")
    image = save(root / "image.png", random_image(16, 16))
    mask = save(root / "mask.png", random_mask(16, 16))
    for folder, file in (("images", image), ("masks", mask)):
        (root / folder).mkdir()
        for n in range(COUNT):
            os.link(file, root / folder / f"{n:05}.png")
    return root / "images", root / "masks"


@pytest.fixture
def broken(folders):
    """20 broken files, five of each of four kinds; repaired afterward."""
    images, masks = folders
    sound = (images / "00000.png").read_bytes(), (masks / "00000.png").read_bytes()
    paths = [images / f"{n:05}.png" for n in range(700, 705)]
    for path in paths:
        path.unlink()
        path.write_bytes(b"")
    for n in range(3000, 3015):
        path = masks / f"{n:05}.png"
        path.unlink()
        if n < 3005:
            path.write_bytes(sound[1])
            truncate(path)
        elif n < 3010:
            save(path, np.zeros((16, 15), "uint8"))
        paths.append(path if n < 3010 else images / path.name)
    yield paths
    for path in (*paths, *(masks / f"{n:05}.png" for n in range(3010, 3015))):
        path.write_bytes(sound[path.parent == masks])


def test_all_are_paired(folders):
    found = find_pairs(*map(str, folders))
    assert len(found.pairs) == COUNT
    assert not found.problems


@pytest.mark.slow
def test_twenty_broken_files_are_in_one_message(folders, broken):
    with pytest.raises(ValueError, match="problems with 20 files") as caught:
        keras_segaug.segmentation_dataset_from_directory(*folders, verbose=False)
    lines = str(caught.value).splitlines()
    for path in broken:
        assert sum(line.startswith(f"  {path}") for line in lines) == 1
    assert len(caught.value.problems) == 20


@pytest.mark.slow
def test_a_survey_keeps_nothing_but_the_pairs(folders):
    """Apart from the list of pairs and files waiting in threads, memory does not grow."""
    pairs = find_pairs(*map(str, folders)).pairs
    reader = Reader(Labels())
    used = {}
    for count in (900, 8900):
        tracemalloc.start()
        survey = Survey(reader, pairs[:count], verbose=False)
        used[count] = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(survey.pairs) == count
    kept, peak = (more - less for less, more in zip(*used.values(), strict=True))
    # A list takes 8 bytes per entry, and up to an eighth more; a slice of it the same again. Freed
    # tuples and dicts, some of which Python keeps for reuse, come on top. One small object per pair
    # would take 400 kB and more.
    assert kept < 8000 * 8 * 1.2 + 150_000
    assert peak < 8000 * 8 * 2.5 + 200_000
