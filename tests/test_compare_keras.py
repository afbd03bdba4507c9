"""`make compare-keras` on one layer."""

import keras

from benchmarks import compare_keras


def test_writes_a_table(tmp_path):
    page = tmp_path / "page.md"
    backend = keras.backend.backend()
    options = ["--layers", "RandomCrop", "--styles", "eager", "--masks", "float32", "--calls", "4"]
    options += ["--backends", backend]
    compare_keras.main([*options, "--document", str(page)])
    text = page.read_text()
    assert f"keras {keras.__version__}" in text
    assert "| `RandomCrop` | shared |" in text
    assert "- `RandomCrop`, shared: the geometry" in text
