"""`check` prints what it runs, and what is wrong with a file."""

import keras
import pytest

import keras_segaug as ks
from keras_segaug.__main__ import main
from keras_segaug.inspect.check import manner, report, stages, titles
from tests.cases import CASES, ONE_OF_EACH_KIND, POLICIES, ids


def pipeline():
    return ks.Pipeline(
        [
            ks.JointRandomFlip(),
            ks.JointRandomRotation(0.1, probability=0.5),
            ks.JointRandomZoom(0.2, interpolation="nearest", fill_mode="wrap", name="coarse"),
            ks.ImageOnlyGamma(0.2),
            ks.MaskOnlyOneHot(5),
            ks.JointCenterCrop(30, 20),
        ],
        seed=1,
        name="mine",
    )


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(pipeline().to_json())
    return path


def test_reports_stages_compilation_and_shapes(saved, capsys, backend_is):
    assert main(["check", str(saved), "--shape", "48,40,3"]) == 0
    compiled = "no, torch compiles on CUDA"
    if not backend_is("torch"):
        compiled = "yes, all stages as one program of XLA"
    assert capsys.readouterr().out == (
        "Pipeline 'mine': 6 layers in 5 stages, seed 1\n"
        "\n"
        "  stage 1: one lookup of image and mask (bilinear, outside: reflect)\n"
        "    JointRandomFlip\n"
        "    JointRandomRotation, for samples that are drawn\n"
        "  stage 2: one lookup of image and mask (nearest, outside: wrap), "
        "not merged with stage 1: another interpolation and fill_mode\n"
        "    JointRandomZoom 'coarse'\n"
        "  stage 3: the image only\n"
        "    ImageOnlyGamma\n"
        "  stage 4: the mask only\n"
        "    MaskOnlyOneHot\n"
        "  stage 5: one lookup of image and mask (pixels are moved, not blended, "
        "outside: reflect)\n"
        "    JointCenterCrop\n"
        "\n"
        f"  compiled: {compiled}\n"
        "  images: (48, 40, 3) uint8 -> (30, 20, 3) float32\n"
        "  masks: (48, 40) uint8 -> (30, 20, 5) uint8\n"
        "  tried on an image of noise: works\n"
    )


CHOOSING = [
    case for case in CASES if case.layer in (*POLICIES, ks.RandomChoice, ks.RandomOrder, ks.SomeOf)
]


@pytest.mark.parametrize(
    "case", **ids([*(c for c in ONE_OF_EACH_KIND if c not in CHOOSING), *CHOOSING])
)
def test_every_layer_is_reported(case):
    layer = case.make()
    text = report(layer, (2, 20, 18, 3), (2, 20, 18, 3) if "palette" in case.arguments else None)
    shape = layer.compute_output_spec({"images": keras.KerasTensor((2, 20, 18, 3))})["images"].shape
    assert f"images: (2, 20, 18, 3) uint8 -> {shape} float32" in text
    assert text.endswith("works")
    assert sum(map(len, map(titles, stages(layer)))) == text.count("\n    ")


def test_a_choice_of_colors_is_reported_by_its_layers():
    colors = [ks.ImageOnlyGamma(0.5), ks.RandomChoice([ks.ImageOnlyHue(0.1), ks.Identity()])]
    [stage] = stages(ks.RandomChoice(colors))
    assert titles(stage) == [
        "ImageOnlyGamma, for samples that are drawn",
        "ImageOnlyHue, for samples that are drawn",
    ]
    assert manner(stage) == "the image only"


def test_unknown_sizes_are_not_compiled(backend_is):
    text = report(pipeline(), (None, None, 3))
    reason = "torch compiles on CUDA" if backend_is("torch") else "height or width is not known"
    assert f"compiled: no, {reason}" in text
    assert "images: (None, None, 3) uint8 -> (30, 20, 3) float32" in text
    assert "tried" not in text


def test_channels_first_and_switched_off_compilation(backend_is):
    layer = ks.JointRandomFlip(data_format="channels_first", jit_compile=False)
    text = report(layer, (3, 20, 18))
    assert "masks: (20, 18) uint8 -> (20, 18) uint8" in text
    if not backend_is("torch"):
        assert "compiled: no, jit_compile=False" in text


def test_a_keras_file_with_augmentations_in_models(tmp_path, capsys):
    inner = keras.Sequential([keras.Input((8, 8, 3)), ks.ImageOnlyGamma(0.1, name="gamma")])
    layers = [keras.Input((8, 8, 3)), ks.Pipeline([ks.ImageOnlyBrightness(0.1)], name="pipe")]
    model = keras.Sequential([*layers, inner, keras.layers.Conv2D(2, 1)])
    path = tmp_path / "model.keras"
    model.save(path)
    assert main(["check", str(path), "--shape", "8,8,3"]) == 0
    out = capsys.readouterr().out
    assert "Pipeline 'pipe': 1 layer in 1 stage" in out
    assert "ImageOnlyGamma 'gamma': 1 layer in 1 stage" in out
    assert main(["check", str(path), "--shape", "8,8,3", "--layer", "gamma"]) == 0
    assert "Pipeline" not in capsys.readouterr().out
    fails(["check", str(path), "--layer", "none"], capsys, "'none', but pipe, gamma")


def fails(arguments, capsys, *parts):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Error: ")
    for part in parts:
        assert str(part) in printed.err


def test_wrong_files_are_named(tmp_path, capsys):
    missing, other = tmp_path / "no.json", tmp_path / "config.yaml"
    fails(["check", str(missing)], capsys, missing, "no such file")
    other.write_text("")
    fails(["check", str(other)], capsys, other, "must end with .json", ".keras")
    broken = tmp_path / "broken.json"
    broken.write_text('{"class": "Nothing"}')
    fails(["check", str(broken)], capsys, broken, "no layer class 'Nothing'")
    broken.write_bytes(b'{"class": "\xff"}')
    fails(["check", str(broken)], capsys, broken, "UTF-8")
    cut = tmp_path / "cut.keras"
    cut.write_bytes(b"PK\x03\x04 and no more")
    fails(["check", str(cut)], capsys, cut, "cannot load")
    bare = tmp_path / "bare.keras"
    keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()]).save(bare)
    fails(["check", str(bare)], capsys, bare, "no layer of keras_segaug")


def test_images_the_layers_refuse(tmp_path, capsys):
    path = tmp_path / "hue.json"
    path.write_text(ks.ImageOnlyHue(0.1).to_json())
    fails(["check", str(path), "--shape", "8,8,1"], capsys, "ImageOnlyHue", "3 channels")


@pytest.mark.parametrize("shape", ["512", "a,b,c", "0,5,3", "1,2,3,4,5", ""])
def test_wrong_shapes_are_refused(saved, shape, capsys):
    with pytest.raises(SystemExit):
        main(["check", str(saved), "--shape", shape])
    assert "must be such as 512,512,3" in capsys.readouterr().err


def nested(depth):
    return '{"class": "Pipeline", "layers": [' * depth + '{"class": "Identity"}' + "]}" * depth


BAD_TEXTS = {
    "a number of 401 digits": '{"class": "JointRandomRotation", "factor": 1' + "0" * 400 + "}",
    "a number of 5001 digits": '{"class": "JointRandomRotation", "factor": 1' + "0" * 5000 + "}",
    "a seed of 401 digits": '{"class": "JointRandomRotation", "factor": 2, "seed": 1' + "0" * 400,
    "300 pipelines in one another": nested(300),
    "5000 pipelines in one another": nested(5000),
    "brackets": "[" * 100000,
    "a class that is a list": '{"class": ["Pipeline"]}',
    "no list": '{"class": "Pipeline", "layers": 3}',
}


@pytest.mark.parametrize("name", BAD_TEXTS)
def test_no_traceback_for_any_text(name, tmp_path, capsys):
    path = tmp_path / "bad.json"
    path.write_text(BAD_TEXTS[name])
    fails(["check", str(path)], capsys, path)


def test_a_few_pipelines_in_one_another_are_fine(tmp_path, capsys):
    path = tmp_path / "nested.json"
    path.write_text(nested(6))
    assert main(["check", str(path), "--shape", "8,8,3"]) == 0


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("99999999,99999999,3", "sides of up to 2**23 pixels"),
        ("9999999999999999999999,8,3", "sides of up to"),
    ],
)
def test_shapes_no_layer_takes(saved, shape, said, capsys):
    fails(["check", str(saved), "--shape", shape], capsys, said)


def test_a_large_shape_is_not_tried(saved, capsys):
    assert main(["check", str(saved), "--shape", "40000,40000,1"]) == 0
    assert "not tried: an image of 40000 x 40000" in capsys.readouterr().out


def test_erasing_is_no_lookup_and_an_aimed_crop_shares_that_of_what_comes_before():
    layers = [
        ks.JointRandomFlip(),
        ks.JointRandomErasing(),
        ks.JointRandomRotation(0.1),
        ks.JointRandomCrop(8, 8, foreground_probability=1.0),
    ]
    text = report(ks.Pipeline(layers), (20, 18, 3))
    assert "stage 2: pixels of the image (and mask) are written\n    JointRandomErasing" in text
    last = "stage 3: one lookup of image and mask (bilinear, outside: reflect)\n"
    assert last + "    JointRandomRotation\n    JointRandomCrop" in text
    assert "another" not in text
