"""Files of several frames or pages are refused, since it is unknown which one is meant."""

import numpy as np
import pytest
from PIL import Image

from keras_segaug.data.pairs import Pair
from keras_segaug.data.palettes import Labels
from keras_segaug.data.reading import BrokenPairError, Reader
from tests.data_files.folders import random_image, random_mask, save, with_table

IMAGE, MASK = random_image(), random_mask()


def reader_and_pair(image, mask):
    return Reader(Labels()), Pair(str(image), str(mask))


def problems(image, mask):
    """The problems that a check of headers and a whole check find; they must be the same."""
    reader, pair = reader_and_pair(image, mask)
    found = []
    for look in (reader.header, reader.arrays):
        with pytest.raises(BrokenPairError) as caught:
            look(pair)
        found.append([(problem.kind, problem.path) for problem in caught.value.problems])
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize("ending", ["gif", "png", "webp"])
def test_animations_are_refused(tmp_path, ending):
    frames = [Image.fromarray(random_image(seed=n)) for n in range(2)]
    options = {"save_all": True, "append_images": frames[1:]}
    image = save(tmp_path / f"image.{ending}", frames[0], **options)
    mask = save(tmp_path / "mask.png", MASK)
    assert problems(image, mask) == [("frames", str(image))]


@pytest.mark.parametrize("ending", ["gif", "png"])
def test_animated_masks_are_refused(tmp_path, ending):
    frames = [with_table(random_mask(seed=n)) for n in range(2)]
    options = {"save_all": True, "append_images": frames[1:]}
    mask = save(tmp_path / f"mask.{ending}", frames[0], **options)
    image = save(tmp_path / "image.png", IMAGE)
    assert problems(image, mask) == [("frames", str(mask))]


def test_a_still_gif_is_read(tmp_path):
    """Also with a comment after its only frame."""
    image, mask = save(tmp_path / "image.png", IMAGE), save(tmp_path / "m.gif", with_table(MASK))
    data = mask.read_bytes()
    mask.write_bytes(data[:-1] + b"!\xfe\x02hi\x00;")
    reader, pair = reader_and_pair(image, mask)
    np.testing.assert_array_equal(reader.arrays(pair).mask, MASK)


def test_the_second_image_of_a_camera_is_no_frame(tmp_path):
    """A JPEG with a preview after the photo (MPO), as many cameras write it, is read."""
    frames = [Image.fromarray(random_image(seed=n)) for n in range(2)]
    options = {"format": "MPO", "save_all": True, "append_images": frames[1:]}
    image, mask = save(tmp_path / "i.jpg", frames[0], **options), save(tmp_path / "m.png", MASK)
    reader, pair = reader_and_pair(image, mask)
    with Image.open(image) as photo:
        assert photo.n_frames == 2
        np.testing.assert_array_equal(reader.arrays(pair).image, photo)


def test_pages_of_a_tiff_are_refused_unless_they_are_smaller_copies(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    image, mask = save(tmp_path / "i.png", IMAGE), tmp_path / "m.tif"
    for second in (random_mask(seed=1), random_mask(5, 7)):
        with tifffile.TiffWriter(mask) as writer:
            writer.write(MASK, photometric="minisblack")
            writer.write(second, photometric="minisblack")
        assert problems(image, mask) == [("frames", str(mask))]
    with tifffile.TiffWriter(mask) as writer:
        writer.write(MASK, photometric="minisblack")
        writer.write(MASK[::2, ::2], photometric="minisblack", subfiletype=1)
    reader, pair = reader_and_pair(image, mask)
    np.testing.assert_array_equal(reader.arrays(pair).mask, MASK)
