"""Which image belongs to which mask."""

import os
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_segaug.data.pairs import find_pairs
from keras_segaug.data.palettes import Labels
from keras_segaug.data.reading import BrokenPairError, Reader

NAMES = st.lists(st.sampled_from("abcdäé12_ .-"), min_size=1, max_size=3).map("x".join)
TREES = st.sets(st.lists(NAMES, min_size=1, max_size=3).map("/x".join), max_size=8)


def touch(folder, *files):
    os.makedirs(folder, exist_ok=True)
    for file in files:
        path = os.path.join(folder, file)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb"):
            pass
    return os.fspath(folder)


def names(found, *folders):
    return [
        tuple(os.path.relpath(p, f) for p, f in zip(pair, folders, strict=True)) for pair in found
    ]


def alone(found, kind):
    return sorted(problem.path for problem in found.problems if problem.kind == kind)


@settings(deadline=None, max_examples=60)
@given(TREES, TREES)
def test_the_same_paths_and_stems_are_pairs_and_all_others_are_reported(images, masks):
    # "x" first, so that no name is hidden; a folder may not have the name of a file.
    images, masks = ({"x" + stem for stem in stems} for stems in (images, masks))
    with tempfile.TemporaryDirectory() as root:
        first = touch(f"{root}/images", *(f"{stem}.jpg" for stem in images))
        second = touch(f"{root}/masks", *(f"{stem}.PNG" for stem in masks))
        found = find_pairs(first, second)
        both = sorted(f"{stem}.jpg" for stem in images & masks)
        assert [os.path.relpath(pair.image, first) for pair in found.pairs] == both
        for pair in found.pairs:
            stem = os.path.relpath(pair.image, first)[:-4]
            assert pair.mask == os.path.join(second, stem + ".PNG")
        assert alone(found, "image alone") == sorted(
            os.path.join(first, f"{stem}.jpg") for stem in images - masks
        )
        assert alone(found, "mask alone") == sorted(
            os.path.join(second, f"{stem}.PNG") for stem in masks - images
        )
        assert found.ignored == 0


def test_suffixes_in_two_folders_leave_other_files_aside(tmp_path):
    images = touch(tmp_path / "left", "ulm/1_left.png", "ulm/2_left.png", "ulm/2_right.png")
    masks = touch(
        tmp_path / "fine", "ulm/1_color.png", "ulm/2_color.png", "ulm/1_ids.png", "ulm/1.json"
    )
    found = find_pairs(images, masks, "_left", "_color")
    assert names(found.pairs, images, masks) == [
        ("ulm/1_left.png", "ulm/1_color.png"),
        ("ulm/2_left.png", "ulm/2_color.png"),
    ]
    assert (found.problems, found.ignored) == ([], 3)


@pytest.mark.parametrize(
    ("image_suffix", "mask_suffix", "files"),
    [
        ("", "_mask", ["a.jpg", "a_mask.png", "b.jpg", "b_mask.png"]),
        ("_image", "", ["a_image.jpg", "a.png", "b_image.jpg", "b.png"]),
        ("_i", "_m", ["a_i.jpg", "a_m.png", "b_i.jpg", "b_m.png"]),
        ("_m", "_m_m", ["a_m.jpg", "a_m_m.png", "b_m.jpg", "b_m_m.png"]),
    ],
)
def test_suffixes_tell_images_from_masks_in_one_folder(tmp_path, image_suffix, mask_suffix, files):
    folder = touch(tmp_path, *files)
    found = find_pairs(folder, folder, image_suffix, mask_suffix)
    expected = [tuple(files[:2]), tuple(files[2:])]
    assert names(found.pairs, folder, folder) == expected
    assert not found.problems


def test_a_function_pairs_two_folders(tmp_path):
    images = touch(tmp_path / "i", "s1/1.png", "s1/2.png", "s1/note.png", "s2/1.png")
    masks = touch(tmp_path / "m", "s1-1.png", "s1-2.png", "spare.png")

    def pair(image):
        return None if "note" in image else image.replace("/", "-")

    found = find_pairs(images, masks, pair=pair)
    assert names(found.pairs, images, masks) == [
        ("s1/1.png", "s1-1.png"),
        ("s1/2.png", "s1-2.png"),
    ]
    assert alone(found, "image alone") == [os.path.join(images, "s2/1.png")]
    assert "s2-1.png" in found.problems[0].detail
    assert alone(found, "mask alone") == [os.path.join(masks, "spare.png")]
    assert found.ignored == 1


def test_a_function_may_give_whole_paths_and_one_mask_to_two_images(tmp_path):
    images = touch(tmp_path / "i", "1.png", "2.png")
    masks = touch(tmp_path / "m", "all.png")
    found = find_pairs(images, masks, pair=lambda image: tmp_path / "m" / "all.png")
    assert names(found.pairs, images, masks) == [("1.png", "all.png"), ("2.png", "all.png")]
    assert not found.problems


def test_a_function_pairs_one_folder(tmp_path):
    folder = touch(tmp_path, "1.jpg", "1.png", "2.jpg", "2.png")
    found = find_pairs(
        folder, folder, pair=lambda file: file[:-3] + "png" if file.endswith("jpg") else None
    )
    assert names(found.pairs, folder, folder) == [("1.jpg", "1.png"), ("2.jpg", "2.png")]
    assert not found.problems


def test_a_function_that_returns_no_path_is_named(tmp_path):
    images, masks = touch(tmp_path / "i", "1.png"), touch(tmp_path / "m", "1.png")
    with pytest.raises(TypeError, match=r"`pair` must return the mask's path.*'1.png'.*gave 7"):
        find_pairs(images, masks, pair=lambda image: 7)


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        (["1_img.png", "1_mask.png"], "_mask.png"),
        (["img/1.png", "mask/1.png"], "mask/1.png"),
    ],
)
def test_a_function_that_takes_masks_for_images_is_named(tmp_path, files, wrong):
    """`replace` does not change a mask's name, so each mask would be paired with itself."""
    folder = touch(tmp_path / "data", *files)
    os.symlink(folder, tmp_path / "link")
    for masks in (folder, os.path.join(folder, "."), os.fspath(tmp_path / "link")):
        with pytest.raises(ValueError, match=f"return None for a mask.*{wrong}") as caught:
            find_pairs(folder, masks, pair=lambda file: file.replace("img", "mask"))
        assert str(caught.value).startswith("segmentation_dataset_from_directory: `pair` must")


@pytest.mark.parametrize("answer", ["../i/1.png", "{}/i/../i/1.png"])
def test_a_function_that_gives_the_image_for_its_mask_is_named(tmp_path, answer):
    images, masks = touch(tmp_path / "i", "1.png"), touch(tmp_path / "m")
    with pytest.raises(ValueError, match=r"return None for a mask.*i/1\.png"):
        find_pairs(images, masks, pair=lambda image: answer.format(tmp_path))


def test_a_function_that_takes_the_next_image_for_a_mask_is_named(tmp_path):
    folder = touch(tmp_path, "1.png", "2.png")
    with pytest.raises(ValueError, match=r"return None for a mask.*2\.png"):
        find_pairs(folder, folder, pair=lambda file: "2.png" if file == "1.png" else "1.png")


def test_masks_in_a_folder_among_the_images_are_no_images(tmp_path):
    images = touch(tmp_path, "1.jpg", "2.jpg", "labels/1.png", "labels/2.png")
    found = find_pairs(images, os.path.join(images, "labels"))
    assert len(found.pairs) == 2
    assert not found.problems


def test_several_files_of_one_stem_are_all_reported(tmp_path):
    images = touch(tmp_path / "i", "1.jpg", "1.png", "2.jpg")
    masks = touch(tmp_path / "m", "1.png", "2.png")
    found = find_pairs(images, masks)
    assert names(found.pairs, images, masks) == [("2.jpg", "2.png")]
    assert [os.path.basename(problem.path) for problem in found.problems] == [
        "1.jpg",
        "1.png",
        "1.png",
    ]
    assert {problem.detail for problem in found.problems} == {"2 images, 1 masks"}


def test_hidden_files_are_not_there(tmp_path):
    images = touch(tmp_path / "i", "1.png", "._1.png", ".cache/2.png")
    masks = touch(tmp_path / "m", "1.png", ".DS_Store")
    found = find_pairs(images, masks)
    assert len(found.pairs) == 1
    assert (found.problems, found.ignored) == ([], 0)


def test_links_that_lead_back_are_followed_once(tmp_path):
    images, masks = touch(tmp_path / "i", "a/1.png"), touch(tmp_path / "m", "a/1.png")
    os.symlink(images, os.path.join(images, "a/up"))
    os.symlink(tmp_path / "elsewhere", os.path.join(images, "b"))
    touch(tmp_path / "elsewhere", "2.png")
    touch(masks, "b/2.png")
    found = find_pairs(images, masks)
    assert names(found.pairs, images, masks) == [("a/1.png", "a/1.png"), ("b/2.png", "b/2.png")]
    assert not found.problems


def test_a_link_to_a_folder_above_lists_nothing_twice(tmp_path):
    images, masks = touch(tmp_path / "data/i", "1.png"), touch(tmp_path / "data/m", "1.png")
    os.symlink(tmp_path, os.path.join(images, "above"))
    os.symlink(tmp_path / "data", os.path.join(masks, "above"))
    found = find_pairs(images, masks)
    assert names(found.pairs, images, masks) == [("1.png", "1.png")]
    assert not found.problems


def test_a_folder_and_a_link_to_it_are_listed_by_the_folders_own_name(tmp_path):
    for role in ("i", "m"):
        folder = touch(tmp_path / role, "b/1.png")
        # Names before and after the folders' names: systems list them in either order.
        for name, target in (("a", "b"), ("c", "b"), ("e", "d"), ("f", "d")):
            os.symlink(os.path.join(folder, target), os.path.join(folder, name))
        touch(folder, "d/2.png")
    found = find_pairs(str(tmp_path / "i"), str(tmp_path / "m"))
    assert names(found.pairs, tmp_path / "i", tmp_path / "m") == [
        ("b/1.png", "b/1.png"),
        ("d/2.png", "d/2.png"),
    ]
    assert not found.problems


def test_links_in_a_circle_and_to_nothing_are_findings(tmp_path):
    images, masks = touch(tmp_path / "i", "1.png"), touch(tmp_path / "m", "1.png")
    os.symlink("loop", os.path.join(images, "loop"))
    os.symlink("pong", os.path.join(images, "ping"))
    os.symlink("ping", os.path.join(images, "pong"))
    os.symlink("/nowhere/scenes", os.path.join(masks, "scenes"))
    found = find_pairs(images, masks)
    assert len(found.pairs) == 1
    assert alone(found, "link") == [
        os.path.join(folder, name)
        for folder, name in (
            (images, "loop"),
            (images, "ping"),
            (images, "pong"),
            (masks, "scenes"),
        )
    ]
    assert found.problems[-1].detail == "to /nowhere/scenes"


@pytest.mark.parametrize("target", ["gone.png", "2.png"])
def test_a_file_that_is_a_broken_link_keeps_its_partner_and_is_named(tmp_path, target):
    images, masks = touch(tmp_path / "i", "2.png"), touch(tmp_path / "m")
    os.symlink(target, os.path.join(masks, "2.png"))
    found = find_pairs(images, masks)
    assert names(found.pairs, images, masks) == [("2.png", "2.png")]
    assert not found.problems
    with pytest.raises(BrokenPairError) as caught:
        Reader(Labels()).header(found.pairs[0])
    told = {(problem.kind, problem.path, problem.detail) for problem in caught.value.problems}
    assert ("link", os.path.join(masks, "2.png"), f"to {target}") in told
