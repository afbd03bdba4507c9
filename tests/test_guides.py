"""The guides run, each from its own text, snippet after snippet."""

import traceback

import keras
import pytest

from tests.snippets import ROOT, snippets_of

GUIDES = [ROOT / "docs/index.md", *sorted((ROOT / "docs/guides").glob("*.md"))]


# On JAX and torch Keras warns that `shuffle` is ignored for datasets; MeanIoU asks JAX for 64 bits.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.shuffle=True. was passed")
@pytest.mark.filterwarnings("ignore:Explicitly requested dtype .*int64")
@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_guide_runs(page, tmp_path, monkeypatch):
    """It runs in a folder where `scans` are images and `organs` index masks, as guides assume."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scans").symlink_to(ROOT / "examples/data/ct/images")
    (tmp_path / "organs").symlink_to(ROOT / "examples/data/ct/masks")
    names = {"__name__": "guide"}
    snippets = snippets_of(page)
    assert snippets, f"{page.name} has no code"
    for snippet in snippets:
        if snippet.runs_here():
            snippet.run(names)


def test_a_snippet_that_fails_is_named_by_page_and_line(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.snippets.ROOT", tmp_path)
    page = tmp_path / "guide.md"
    page.write_text("# Guide\n\n```python\na = 1\n```\n\nMore:\n\n```python\nb = a\nb / 0\n```\n")
    names = {}
    first, second = snippets_of(page)
    first.run(names)
    with pytest.raises(ZeroDivisionError) as raised:
        second.run(names)
    last = traceback.extract_tb(raised.value.__traceback__)[-1]
    assert (last.filename, last.lineno) == ("guide.md", 11)


def test_no_page_has_code_that_nobody_runs():
    pages = {page for page in (ROOT / "docs").rglob("*.md") if snippets_of(page)}
    assert pages <= set(GUIDES)


@pytest.mark.parametrize(
    ("marker", "runs"),
    [
        ("", True),
        (f"<!-- backend: {keras.backend.backend()} -->\n", True),
        ("<!-- backend: tensorflow, jax, torch -->\n", True),
        (f"<!-- backend: {'jax' if keras.backend.backend() == 'torch' else 'torch'} -->\n", False),
        ("<!-- needs: numpy, keras -->\n", True),
        ("<!-- needs: numpy, no_such_package -->\n", False),
    ],
)
def test_a_marker_says_where_a_snippet_runs(tmp_path, marker, runs):
    page = tmp_path / "guide.md"
    page.write_text(f"# Guide\n\n{marker}```python\na = 1\n```\n")
    [snippet] = snippets_of(page)
    assert snippet.runs_here() == runs


@pytest.mark.parametrize(
    "text",
    [
        "<!-- needs:numpy -->\n```python\na = 1\n```\n",
        "<!-- needs: numpy,keras -->\n```python\na = 1\n```\n",
        "<!-- needs: numpy -->\n\n```python\na = 1\n```\n",
        "<!-- backends: torch -->\n```python\na = 1\n```\n",
        "<!-- backend: tourch -->\n```python\na = 1\n```\n",
        '=== "Tab"\n\n    ```python\n    a = 1\n    ```\n',
        "```py\na = 1\n```\n",
        '```python title="a.py"\na = 1\n```\n',
        "~~~python\na = 1\n~~~\n",
        "```python\na = 1\n",
    ],
)
def test_what_would_not_be_run_as_it_was_meant_is_an_error(tmp_path, text):
    page = tmp_path / "guide.md"
    page.write_text(f"# Guide\n\n{text}")
    with pytest.raises(ValueError, match=r"^guide.md, line "):
        snippets_of(page)
