"""`make compare-keras` on one layer."""

import keras

from benchmarks import compare_keras


def test_writes_a_table(tmp_path):
    page = tmp_path / "page.md"
    readme = tmp_path / "README.md"
    begin, end = compare_keras.BEGIN, compare_keras.END
    readme.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    backend = keras.backend.backend()
    options = ["--layers", "RandomCrop", "--styles", "eager", "--masks", "float32", "--calls", "4"]
    options += ["--backends", backend, "--readme", str(readme)]
    compare_keras.main([*options, "--document", str(page)])
    text = page.read_text()
    assert f"keras {keras.__version__}" in text
    assert "| `RandomCrop` | shared |" in text
    assert "- `RandomCrop`, shared: the geometry" in text
    lines = readme.read_text().splitlines()
    assert lines[:2] + lines[-2:] == ["before", begin, end, "after"]
    assert "| `RandomCrop` | shared |" in lines
    assert "old" not in lines
