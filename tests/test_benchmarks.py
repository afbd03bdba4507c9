"""The benchmarks run at a tiny size, and the figures in their tables are computed correctly."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import keras_segaug as ks
from benchmarks import (
    bars,
    calls,
    check,
    cores,
    costs,
    figures,
    marks,
    passes,
    report,
    targets,
    waiting,
    work,
)
from benchmarks.race import Settings, contest, race

ROOT = Path(__file__).resolve().parent.parent


def run_module(*arguments, backend="tensorflow"):
    command = [sys.executable, "-m", *map(str, arguments)]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    if backend == "jax":
        # Half of compiling is optimizing machine code; here it only has to run.
        environment["XLA_FLAGS"] = "--xla_backend_optimization_level=1"
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def entry(median):
    return {"median": median, "low": 0.9 * median, "high": 1.1 * median, "images": 16}


@pytest.fixture
def result():
    """A run in which one peer wins a row, one is not installed and one fails."""
    names = ("segaug", "keras", "albumentations", "kornia")
    contenders = {
        name: {"title": name.upper(), "note": "a note", "versions": {name: "1.2"}} for name in names
    }
    contenders["kornia"] = {"title": "KORNIA", "note": "a note", "missing": "not installed"}
    rows = {
        "chain": {
            "segaug": entry(2.0),
            "keras": entry(44.0),
            "albumentations": entry(5.0),
        },
        "flip": {
            "segaug": entry(0.2),
            "keras": {"error": "ValueError: no"},
            "albumentations": entry(0.05),
        },
        "layer:JointRandomFlip": {"segaug": entry(0.2), "keras": {"absent": "no such layer"}},
    }
    machine = {"processor": "p", "cores": 2, "system": "s", "python": "3", "date": "d"}
    return {
        "kind": "cpu",
        "machine": {**machine, "load_at_start": 0.0},
        "side": 512,
        "threads": 1,
        "rounds": 3,
        "contenders": contenders,
        "rows": rows,
    }


# --- Figures -----------------------------------------------------------------------------------


def test_long_waits_are_named():
    fine = dict(waiting.MOST)
    assert waiting.judge(fine) == []
    [late] = waiting.judge({**fine, "finding 10,000 pairs of files, seconds": 4.5})
    assert late == "finding 10,000 pairs of files, seconds: 4.50; 3 is the most allowed."


def test_expensive_layers_are_named():
    fine = dict(costs.MOST)
    assert costs.judge(fine) == []
    [policy] = costs.judge({**fine, "JointRandAugment(2), by the reference chain": 2.2})
    assert policy == "JointRandAugment(2), by the reference chain: 2.20; 2 is the most allowed."


def test_a_scan_is_timed(tmp_path):
    assert 0.0 < waiting.scan(tmp_path, 20) < waiting.MOST[list(waiting.MOST)[1]]


def test_the_cases_need_no_pytest():
    """The benchmarks time the layers of `tests/cases.py` in an environment without pytest."""
    code = "import sys; sys.modules['pytest'] = None; import tests.cases"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_later_passes_neither_trace_nor_compile():
    layer = ks.JointRandomFlip(seed=1)
    _, first, later = passes.measure(layer, side=32)
    assert 0 < 2 * later < first


def test_a_call_is_timed_beside_the_barest_programs():
    names = {"JointRandomFlip", "JointRandomCrop", "ImageOnlyBrightness"}
    timed = calls.works(32)
    assert names < set(timed)
    for function in timed.values():
        least, quartile = calls.measure(function, 32)
        assert 0 < least <= quartile


def test_summary_is_the_median_and_the_quartiles():
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    expected = {"median": 3.0, "low": 2.0, "high": 4.0, "rounds": 5}
    assert figures.summary(values) == expected
    assert figures.summary([7.0]) == {"median": 7.0, "low": 7.0, "high": 7.0, "rounds": 1}


def test_ratio_needs_both_times():
    results = {"a": entry(6.0), "b": entry(2.0), "c": {"absent": "no"}, "d": entry(-0.1)}
    assert figures.ratio(results, "a", "b") == 3.0
    for name, reference in (("c", "a"), ("a", "c"), ("a", "d"), ("a", "nobody")):
        assert figures.ratio(results, name, reference) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.01234, "0.0123"), (1.7, "1.70"), (18.04, "18.0"), (1618.3, "1,618")],
)
def test_rounded_to_three_digits(value, text):
    assert figures.rounded(value) == text


def test_bars_say_in_words_what_is_lost(result, tmp_path):
    text = bars.alternative(result)
    assert "keras_segaug beside KERAS, ALBUMENTATIONS." in text
    assert (
        "fastest in: reference chain, uint8 out. Somebody else is faster in: horizontal flip."
        in text
    )
    (tmp_path / "mine.json").write_text(json.dumps(result))
    bars.draw_all(tmp_path, tmp_path / "images")
    assert (tmp_path / "images" / bars.file_of("mine")).stat().st_size > 10_000


def test_the_page_and_its_bars_are_those_of_the_committed_results(tmp_path):
    report.write(ROOT / "benchmarks/results", tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text()
    assert page == (ROOT / "docs/benchmarks.md").read_text()
    images = [part.partition(")")[0] for part in page.split("](images/")[1:]]
    assert [name for name in images if "bars" in name]
    assert all((ROOT / "docs/images" / name).exists() for name in images)


def test_images_differ_and_masks_hold_classes():
    images, masks = work.pairs(20, 3)
    assert images.shape == (3, 20, 20, 3)
    assert masks.shape == (3, 20, 20)
    assert images.dtype == masks.dtype == np.uint8
    assert not np.array_equal(images[0], images[1])
    images, masks = work.pairs_of(work.task_of(work.CHAIN_NINE, 20))
    assert (images.shape, images.dtype) == ((16, 20, 20, 9), np.uint8)
    images, masks = work.pairs_of(work.task_of(work.CHAIN_16, 20))
    assert (images.shape, images.dtype) == ((16, 20, 20, 3), np.uint16)
    assert images.max() > 60_000
    assert masks.shape == (16, 20, 20)
    assert masks.max() < work.CLASSES


# --- Tables ------------------------------------------------------------------------------------


def test_cells_show_ratios_and_losses(result):
    rows = result["rows"]
    assert report.cell(rows["chain"], "segaug") == "2.00"
    assert report.cell(rows["chain"], "keras") == "44.0 (22.0×)"
    assert report.cell(rows["flip"], "albumentations") == "**0.05 (0.25×)**"
    assert report.cell(rows["flip"], "keras") == "failed"
    assert report.cell(rows["layer:JointRandomFlip"], "keras") == "–"


def test_only_peers_that_do_the_whole_work_can_win():
    results = {"segaug": entry(2.0), "segaug-eager": entry(1.0), "opencv": entry(1.0)}
    for name in ("segaug-eager", "opencv"):
        assert report.cell(results, name) == "1.00 (0.5×)"


def test_document_shows_what_was_lost_failed_or_not_installed(result, tmp_path):
    (tmp_path / "here.json").write_text(json.dumps(result))
    report.write(tmp_path, tmp_path / "docs" / "benchmarks.md")
    text = (tmp_path / "docs" / "benchmarks.md").read_text()
    assert "| reference chain, uint8 out | 2.00 | 44.0 (22.0×) | 5.00 (2.50×) |" in text
    assert "- horizontal flip: ALBUMENTATIONS takes 0.25 of our time." in text
    assert "- horizontal flip, KERAS: ValueError: no" in text
    assert "| KORNIA | not installed | a note |" in text
    assert "| `JointRandomFlip` | 0.2 |" in text


def test_the_readme_shows_the_fastest_in_bold(result, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nbehind\n")
    assert not report.write_readme(result, readme)  # most of its rows were not run
    assert "old" in readme.read_text()
    result["rows"] |= {row: {"segaug": entry(1.0)} for row in report.SHORT_ROWS[1:]}
    result["rows"]["flip"] = {"segaug": entry(0.2), "keras": {"error": "no"}}
    result["rows"]["blur"] = {"segaug": entry(0.8), "albumentations": entry(0.4)}
    assert report.write_readme(result, readme)
    text = readme.read_text()
    assert text.startswith("before\n<!-- bench: begin -->\nMilliseconds")
    assert text.endswith("<!-- bench: end -->\nbehind\n")
    assert "old" not in text
    assert "| work | SEGAUG | KERAS | ALBUMENTATIONS |" in text
    assert "| reference chain, uint8 out | **2.00** | 44.0 | 5.00 |" in text
    assert "| gaussian blur | 0.8 | – | **0.4** |" in text
    assert "| horizontal flip | **0.2** | – | – |" in text


def test_the_readme_must_hold_the_marks():
    with pytest.raises(ValueError, match="bench: begin"):
        marks.replaced("no marks here", "bench", ["new"])


def test_memory_and_import_are_targets(result):
    result["import_milliseconds"] = 60.0
    result["rows"]["chain"]["segaug-jax"] = {**entry(2.0), "memory": 1.2}
    found = {what: (value, reached) for what, value, _, _, reached in targets.targets(result)}
    assert found["importing keras_segaug after keras, milliseconds"] == (60.0, False)
    memory = "chain, uint8: peak memory of a batch of 16 on JAX / its input and output"
    assert found[memory] == (1.2, True)


def test_targets_know_which_way_is_better(result):
    for ours, reached in ((2.0, True), (4.0, False)):
        result["rows"]["chain"]["segaug"] = entry(ours)
        result["rows"]["elastic"] = {"segaug": entry(ours), "keras": entry(900.0)}
        found = {what: rest for what, *rest in targets.targets(result)}
        what = "chain, uint8: keras_segaug / Albumentations"
        assert found[what] == [ours / 5.0, "at most", 0.6, reached]
        what = "elastic: Keras' layer / keras_segaug"
        assert found[what] == [900.0 / ours, "at least", 300, reached]


def test_cheap_layers_are_judged_above_the_dataset_alone(result):
    result["rows"]["identity"] = {"segaug": entry(0.1)}
    result["rows"]["crop"] = {"segaug": entry(0.3)}
    found = {what: (value, reached) for what, value, _, _, reached in targets.targets(result)}
    above = "milliseconds above the dataset alone"
    assert found[f"horizontal flip: {above}"] == (pytest.approx(0.1), True)
    assert found[f"random crop: {above}"] == (pytest.approx(0.2), False)


def test_rows_that_miss_a_goal_beside_others_are_named(result):
    result["rows"]["blur"] = {"segaug": entry(3.0), "albumentations": entry(1.0)}
    result["rows"]["jitter"] = {"segaug": entry(3.0), "keras": entry(2.0)}
    found = {what: (value, reached) for what, value, _, _, reached in targets.targets(result)}
    # A flip is four times slower, but takes less than 0.3 ms.
    fastest = "every row over 0.3 ms: keras_segaug / the fastest peer"
    keras = "every row: keras_segaug / Keras' layer"
    assert found[f"{fastest}, the worst of 3 rows"] == (3.0, False)
    assert found[f"{keras}, the worst of 2 rows"] == (1.5, False)
    assert targets.misses(result) == [
        f"- {fastest}, at most 2, is missed by 1: gaussian blur 3.00.",
        f"- {keras}, at most 1, is missed by 1: color jitter 1.50.",
    ]


def test_two_cores_are_shown_beside_one(result, tmp_path):
    rows = {"chain": {"segaug": entry(1.25), "albumentations-map": entry(2.5)}}
    peer = {"title": "IN TF.DATA", "note": "a note", "versions": {"a": "1"}}
    contenders = {"segaug": result["contenders"]["segaug"], "albumentations-map": peer}
    two = {**result, "threads": 2, "rows": rows, "contenders": contenders}
    assert cores.name_of("here", 1) == "here"
    for name, one in ((cores.name_of("here", 1), result), (cores.name_of("here", 2), two)):
        (tmp_path / f"{name}.json").write_text(json.dumps(one))
    report.write(tmp_path, tmp_path / "b.md")
    text = (tmp_path / "b.md").read_text().partition("## here-on-2-threads\n")[2]
    assert "| work | contender | one core, ms | 2 cores, ms | times faster |" in text
    assert "| reference chain, uint8 out | SEGAUG | 2.00 | 1.25 | 1.60 |" in text
    assert (
        "| chain, uint8: keras_segaug on one core / on 2 cores | 1.60 | at least 1.7 | **no** |"
        in text
    )
    peers = "| chain, uint8, 2 cores: keras_segaug / Albumentations in tf.data"
    assert f"{peers} | 0.5 | at most 0.6 | yes |" in text


def test_growth_shows_the_time_of_a_pixel(result):
    times = ((512, 2.0), (2048, 64.0))
    points = [{"x": side, "results": {"segaug": entry(time)}} for side, time in times]
    result["curves"] = {"side": {"points": points}}
    assert "| SEGAUG | 7.63 | 15.3 | 2.00 |" in report.per_pixel(result)


def test_growth_is_plotted(tmp_path):
    pytest.importorskip("matplotlib")
    from benchmarks import growth

    points = [{"x": x, "results": {"segaug": entry(x / 100)}} for x in (64, 128)]
    points.append({"x": 256, "results": {"segaug": {"error": "no"}}})
    curve = {"axis": "side of the image, pixels", "title": "Chain", "points": points}
    growth.draw(curve, {"segaug": {"title": "ours"}, "other": {"title": "o"}}, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5000


# --- The check ---------------------------------------------------------------------------------


def test_check_says_what_is_too_slow():
    assert check.judge(10.0, 1.4, 3.0, 1.5, torch_to_tensorflow=8.0) == []
    slow, dear, crop, mixing, torch = check.judge(3.2, 2.0, 7.4, 1.9, torch_to_tensorflow=17.0)
    assert "on torch takes 17.0 times as long as on TensorFlow" in torch
    assert "mixes samples takes 1.90 times as long as a rotation" in mixing
    assert "3.2 times faster than Keras' layers" in slow
    assert "six geometric layers take 2.00 times as long as one" in dear
    assert "looks at the mask takes 7.40 times as long as a plain one" in crop


def test_check_compares_lookups():
    assert check.judge_lookups(one=4, six=4) == []
    assert "no longer share one lookup" in check.judge_lookups(one=4, six=8)[0]
    assert "holds 8 gathers" in check.judge_lookups(one=8, six=8)[0]
    assert "counts the wrong thing" in check.judge_lookups(one=0, six=0)[0]


def test_gathers_are_counted_in_a_listing():
    listing = """
      %gather.1 = u32[64,64]{1,0} gather(%table, %index), offset_dims={}
      ROOT %gather_fusion = u8[64]{0} fusion(%gather.1), kind=kLoop
      %g = f32[8,3]{1,0:T(8)} gather(%a, %b), slice_sizes={1,3}
    """
    assert check.count_gathers(listing) == 2


# --- The whole, tiny ---------------------------------------------------------------------------


@pytest.mark.slow
def test_runner_writes_json_and_markdown(tmp_path):
    """The second contender has no such layer; the third takes part if it is installed."""
    pytest.importorskip("tensorflow")
    done = run_module(
        *("benchmarks.run", "--rounds", 2, "--seconds", 0.005, "--side", 16),
        *("--contenders", "segaug", "opencv", "torchvision"),
        *("--rows", "chain", "chain-9-channels", "chain-16-bit", "identity"),
        *("layer:MaskOnlyOneHot", "layer:JointNoSuchLayer"),
        *("--machine", "tiny", "--results", tmp_path, "--document", tmp_path / "b.md"),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads((tmp_path / "tiny.json").read_text())
    assert result["kind"] == "cpu"
    assert result["threads"] == 1
    assert set(result["contenders"]) == {"segaug", "opencv", "torchvision"}
    assert "keras_segaug" in result["contenders"]["segaug"]["versions"]
    found = result["rows"]["chain"]["segaug"]
    assert found["rounds"] == 2
    assert 0 < found["low"] <= found["median"] <= found["high"]
    assert found["first_call"] > 0
    assert result["later_pass_milliseconds"] > 0
    for row in ("chain-9-channels", "chain-16-bit", "identity", "layer:MaskOnlyOneHot"):
        assert result["rows"][row]["segaug"]["median"] > 0
    assert result["rows"]["identity"]["opencv"] == {"absent": "not an affine"}
    assert result["rows"]["layer:JointNoSuchLayer"]["segaug"] == {"absent": "no such layer"}
    text = (tmp_path / "b.md").read_text()
    assert "| reference chain, uint8 out | " in text
    assert "### Contenders" in text


@pytest.mark.slow
def test_accelerator_benchmark_leaves_tensorflow_alone(tmp_path):
    pytest.importorskip("jax")
    done = run_module(
        *("benchmarks.gpu", "--smoke", "--backends", "jax", "--results", tmp_path), backend="jax"
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads((tmp_path / "gpu-smoke.json").read_text())
    found = result["backends"]["jax"]
    assert found["tensorflow_imported"] is False
    assert [cell["row"] for cell in found["cells"]] == ["chain", "chain-float"]
    for cell in found["cells"]:
        assert cell["chain"]["median"] > 0
        assert cell["copy"]["median"] > 0
    assert all(cell["chain"]["median"] > 0 for cell in found["layers"])
    assert found["training"]["ratio"]["median"] > 0
    assert found["views"]["ratio"]["median"] > 0
    report.write(tmp_path, tmp_path / "b.md")
    text = (tmp_path / "b.md").read_text()
    assert "32×32, batch 2, uint8 out" in text
    for row in ("| CutMix | 32×32, batch 4 |", "| a U-Net's train step |", "eight views"):
        assert row in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("albumentations-map", ("albumentations", "tensorflow")),
        ("albumentations-loader", ("albumentations", "torch")),
        ("fuse-augmentations", ("fuse_augmentations", "kornia")),
        ("medicai", ("medicai",)),
    ],
)
def test_a_contender_runs_where_it_is_installed(name, needs):
    for package in needs:
        pytest.importorskip(package)
    settings = Settings(rounds=1, seconds=0.01)
    with contest([name], settings) as (racers, _):
        found = race(racers, work.task_of("flip", 32), settings)
    assert found[name]["median"] > 0
