"""The content of the preview page, and the errors for bad input."""

import base64
import io
import json
import os
import re
import resource
import shutil
import zlib

import numpy as np
import pytest
from PIL import Image

import keras_segaug as ks
from keras_segaug.__main__ import class_names, main
from keras_segaug.inspect.preview.pairs import read_pairs
from keras_segaug.inspect.preview.preview import preview_page
from tests.data import labels, random_images
from tests.test_docs import ROOT

CT = ROOT / "examples" / "data" / "ct"


def data_of(page):
    return json.loads(re.search(r'<script id="data"[^>]*>(.*?)</script>', page, re.S)[1])


def mask_of(data, image):
    places = np.frombuffer(zlib.decompress(base64.b64decode(image["mask"])), "<u2")
    ids = np.array([256 if c["id"] is None else c["id"] for c in data["classes"]])
    return ids[places].reshape(image["height"], image["width"])


def image_of(image):
    return np.array(Image.open(io.BytesIO(base64.b64decode(image["image"].partition(",")[2]))))


def page_of(layer, images, masks, **options):
    pairs = [(f"{i}.png", *pair) for i, pair in enumerate(zip(images, masks, strict=True))]
    return data_of(preview_page(layer, pairs, **{"draws": 2, **options}))


def test_holds_the_draws_of_the_layer():
    images, masks = random_images(2), labels(2)
    layer = ks.Pipeline([ks.JointRandomFlip(), ks.JointRandomRotate90()], seed=1)
    data = page_of(layer, images, masks, seed=5)
    for i, sample in enumerate(data["samples"]):
        original, *draws = sample["images"]
        np.testing.assert_array_equal(image_of(original), images[i])
        np.testing.assert_array_equal(mask_of(data, original), masks[i])
        assert original["steps"] == []
        for shown in draws:
            drawn = {k: v for step in shown["steps"] for k, v in step["values"]}
            image, mask = images[i], masks[i]
            for name, axis in (("horizontal", 1), ("vertical", 0)):
                if drawn[name] == "yes":
                    image, mask = np.flip(image, axis), np.flip(mask, axis)
            # The image shown is the one drawn, up to the direction of the quarter turn.
            turned = [(np.rot90(image, k), np.rot90(mask, k)) for k in range(4)]
            assert any(
                np.array_equal(image_of(shown), a) and np.array_equal(mask_of(data, shown), b)
                for a, b in turned
            )
            found, counts = np.unique(mask, return_counts=True)
            expected = dict(zip(map(str, found), counts / mask.size, strict=True))
            assert shown["shares"] == pytest.approx(expected)


def test_large_images_are_shrunk_after_counting():
    images = np.zeros((1, 90, 30, 3), "uint8")
    masks = np.zeros((1, 90, 30), "uint16")
    masks[0, 40:] = 1000
    data = page_of(ks.JointCenterCrop(60, 30), images, masks, size=20, draws=1)
    original, draw = data["samples"][0]["images"]
    assert (original["height"], original["width"]) == (20, 7)
    assert (draw["height"], draw["width"]) == (20, 10)
    assert image_of(draw).shape == (20, 10, 3)
    assert original["shares"] == pytest.approx({"0": 4 / 9, "1000": 5 / 9})
    assert draw["shares"] == pytest.approx({"0": 25 / 60, "1000": 35 / 60})
    assert (mask_of(data, draw)[12:] == 1000).all()
    assert "at most 20 pixels" in data["notes"][0]


def test_ignored_pixels_are_a_class_of_their_own_and_do_not_count():
    masks = labels(1).copy()
    masks[0, :8] = 255
    data = page_of(ks.JointRandomFlip(), random_images(1), masks, class_names={0: "air"})
    assert data["classes"][0] == {"id": 0, "name": "air", "color": "#ff4040", "on": False}
    assert data["classes"][-1]["name"] == "ignored"
    original = data["samples"][0]["images"][0]
    assert sum(original["shares"].values()) == pytest.approx(1.0)
    assert (mask_of(data, original)[:8] == 256).all()


def test_names_cannot_end_the_script():
    pair = ("</script><script>alert(1)</script>", random_images(1)[0], labels(1)[0])
    page = preview_page(ks.JointRandomFlip(name="<!--"), [pair], 1, ["</script>", "<!--"])
    assert data_of(page)["samples"][0]["name"] == pair[0]
    assert page.count("</script>") == 2
    assert "alert(1)</script>" not in page


def test_colors_become_classes():
    mask = np.zeros((1, 16, 14, 3), "uint8")
    mask[0, :8] = (0, 128, 0)
    layer = ks.MaskOnlyColorToClass([(0, 0, 0), (0, 128, 0)])
    data = page_of(layer, random_images(1), mask, draws=1)
    for image in data["samples"][0]["images"]:
        assert image["shares"] == {"0": 0.5, "1": 0.5}


# --- Folders ---------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path):
    for role in ("images", "masks"):
        (tmp_path / role).mkdir()
    return tmp_path


def test_reads_real_pairs():
    pairs = read_pairs("test", CT / "images", CT / "masks", 3)
    assert [name for name, *_ in pairs] == ["000.png", "001.png", "002.png"]
    for name, image, mask in pairs:
        np.testing.assert_array_equal(image[..., 0], np.array(Image.open(CT / "images" / name)))
        np.testing.assert_array_equal(mask, np.array(Image.open(CT / "masks" / name)))


def test_reads_every_kind_of_image(folders):
    image, mask = random_images(1)[0], labels(1)[0]
    Image.fromarray(image).save(folders / "images" / "a.jpg")
    Image.fromarray(image).convert("RGBA").save(folders / "images" / "b.png")
    Image.fromarray(image).convert("P").save(folders / "images" / "c.png")
    Image.fromarray(image[..., 0].astype("uint16") * 257).save(folders / "images" / "d.png")
    for stem in "abc":
        Image.fromarray(mask).save(folders / "masks" / f"{stem}.png")
    Image.fromarray(mask.astype("uint16") + 1000).save(folders / "masks" / "d.png")
    found = read_pairs("test", folders / "images", folders / "masks", 9)
    assert [read.shape for _, read, _ in found] == [(16, 14, 3)] * 3 + [(16, 14, 1)]
    np.testing.assert_array_equal(found[1][1], image)
    assert found[3][1].dtype == "uint16"
    np.testing.assert_array_equal(found[3][2], mask.astype("int64") + 1000)


def test_shows_what_the_loader_reads(folders):
    """A photo turned by its tag, palette indices, a black and white image; masks with a suffix."""
    image, mask = random_images(1)[0], labels(1)[0]
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(image)).save(folders / "images" / "a.jpg", exif=exif)
    indices = Image.fromarray(mask)
    indices.putpalette([200, 10, 10, 0, 0, 255, 90, 90, 90, 1, 2, 3, 7, 7, 7])
    indices.save(folders / "masks" / "a_seg.png")
    Image.fromarray(image).save(folders / "images" / "b.png")
    Image.fromarray(mask > 2).save(folders / "masks" / "b_seg.png")
    given = folders / "images", folders / "masks"
    expected = ks.segmentation_dataset_from_directory(
        *given, mask_suffix="_seg", batch_size=None, shuffle=False, verbose=False
    ).as_numpy_iterator()
    found = read_pairs("test", *given, 9, mask_suffix="_seg")
    for (_, *pair), loaded in zip(found, expected, strict=True):
        for one, other in zip(pair, loaded, strict=True):
            np.testing.assert_array_equal(one, other)
    assert found[0][1].shape == image.shape
    np.testing.assert_array_equal(found[0][2], mask)
    np.testing.assert_array_equal(found[1][2], mask > 2)


def test_a_palette_names_the_classes_of_colors(folders):
    Image.fromarray(random_images(1)[0]).save(folders / "images" / "a.png")
    colors = np.zeros((16, 14, 3), "uint8")
    colors[:8] = (128, 0, 0)
    Image.fromarray(colors).save(folders / "masks" / "a.png")
    given = folders / "images", folders / "masks", 9
    np.testing.assert_array_equal(read_pairs("test", *given)[0][2], colors)
    np.testing.assert_array_equal(
        read_pairs("test", *given, palette="voc")[0][2], colors[..., 0] // 128
    )


def preview(folders, capsys, *more):
    flip = folders / "flip.json"
    flip.write_text(ks.JointRandomFlip().to_json())
    given = ["--images", folders / "images", "--masks", folders / "masks", "--pipeline", flip]
    code = main(["preview", *map(str, [*given, "--output", folders / "page.html", *more])])
    return code, capsys.readouterr()


def test_writes_a_page(folders, capsys):
    for role in ("images", "masks"):
        shutil.copy(CT / role / "040.png", folders / role)
    code, printed = preview(folders, capsys, "--draws", 1, "--class-names", "none,spleen")
    assert code == 0
    assert "page.html: 1 pairs, 1 draws of each, 0." in printed.out
    data = data_of((folders / "page.html").read_text(encoding="utf-8"))
    assert data["classes"][0]["name"] == "none"
    assert [p["title"] for p in data["samples"][0]["images"]] == ["Original", "Draw 1"]


def test_what_is_wrong_with_folders_is_said(folders, capsys):
    def fails(*parts):
        code, printed = preview(folders, capsys)
        assert code == 2
        assert printed.err.startswith("Error: ")
        for part in map(str, parts):
            assert part in printed.err
        assert not (folders / "page.html").exists()

    fails("no image in", "has a mask of the same name")
    Image.fromarray(random_images(1)[0]).save(folders / "images" / "a.png")
    (folders / "masks" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    fails("preview: Files that cannot be read", folders / "masks" / "a.png")
    Image.fromarray(labels(1)[0][:9]).save(folders / "masks" / "a.png")
    fails("preview: Masks of another size", folders / "masks" / "a.png")
    Image.fromarray(random_images(1)[0]).save(folders / "masks" / "a.png")
    fails("Are these colors?", "MaskOnlyColorToClass")
    shutil.rmtree(folders / "masks")
    fails("no folder", folders / "masks")


def test_class_names_from_a_list_or_a_file(tmp_path):
    names = [f"organ {i}" for i in range(300)]
    (tmp_path / "names.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    assert class_names(str(tmp_path / "names.txt")) == names
    assert class_names(",".join(names)) == names


def test_a_missing_output_folder_is_said(folders, capsys):
    code, printed = preview(folders, capsys, "--output", folders / "nowhere" / "page.html")
    assert code == 2
    assert f"--output: there is no folder {folders / 'nowhere'}" in printed.err


@pytest.mark.parametrize("option", ["--count", "--draws", "--size"])
def test_wrong_counts_are_refused(folders, option, capsys):
    with pytest.raises(SystemExit):
        preview(folders, capsys, option, "0")
    assert f"{option}: must be at least 1" in capsys.readouterr().err


def command(folder, *more):
    for role in ("images", "masks"):
        (folder / role).mkdir(exist_ok=True)
    (folder / "flip.json").write_text(ks.JointRandomFlip().to_json())
    options = ["--images", folder / "images", "--masks", folder / "masks", "--draws", 1, *more]
    return [str(part) for part in ["preview", "--pipeline", folder / "flip.json", *options]]


def write_pair(folder, name):
    for role, image in (("images", random_images(1)[0]), ("masks", labels(1)[0])):
        with open(os.fsencode(folder / role) + b"/" + name, "wb") as file:
            Image.fromarray(image).save(file, "PNG")


def test_a_full_disk_leaves_the_page_that_was_there(tmp_path, capsys):
    page = tmp_path / "page.html"
    page.write_text("the good page")
    arguments = command(tmp_path, "--output", page)
    write_pair(tmp_path, b"a.png")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        assert main(arguments) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert capsys.readouterr().err.startswith("Error: ")
    assert page.read_text() == "the good page"
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "flip.json",
        "images",
        "masks",
        "page.html",
    ]


def test_names_that_are_not_utf8(tmp_path, capsys):
    page = os.fsdecode(os.fsencode(tmp_path) + b"/page\xff.html")
    arguments = command(tmp_path, "--output", page)
    write_pair(tmp_path, b"a\xe4.png")
    assert main(arguments) == 0
    with open(page, encoding="utf-8") as file:
        assert "a\ufffd.png" in file.read()


@pytest.mark.parametrize("names", ["x" * 5000, "latin"])
def test_class_names_that_are_no_file(names, tmp_path, capsys):
    path = tmp_path / "latin"
    path.write_bytes(b"stra\xdfe")
    names = str(path) if names == "latin" else names
    arguments = command(tmp_path, "--output", tmp_path / "page.html", "--class-names", names)
    write_pair(tmp_path, b"a.png")
    if names.startswith("x"):
        assert main(arguments) == 0
    else:
        with pytest.raises(SystemExit):
            main(arguments)
        assert "UTF-8" in capsys.readouterr().err
