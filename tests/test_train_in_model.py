"""The example that trains with the augmentation in the dataset and in the model runs."""

import re

import pytest

from tests.examples import run_example, smallest_folder


@pytest.mark.slow
def test_trains_each_way_and_prints_a_table(tmp_path):
    slices = smallest_folder(tmp_path)
    options = ["--data", slices, "--epochs", 2, "--seeds", 1]
    result = run_example("train_in_model.py", *options)
    assert result.returncode == 0, result.stderr
    for way in ("dataset.map", "AugmentedModel", "AugmentedModel, 8 views"):
        line = re.search(rf"^{way}: mean IoU (0\.\d+), (\d+\.\d+) s an epoch$", result.stdout, re.M)
        assert line, result.stdout
        assert 0 < float(line[1]) < 1


@pytest.mark.slow
def test_says_what_is_wrong_with_a_folder(tmp_path):
    result = run_example("train_in_model.py", "--data", tmp_path / "nowhere")
    assert result.returncode == 2
    assert "Error: There is no folder" in result.stderr
