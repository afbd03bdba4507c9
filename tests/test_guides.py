"""The guides run, each from its own text, one snippet after the other."""

import traceback

import pytest

from tests.snippets import ROOT, snippets_of

GUIDES = sorted((ROOT / "docs/guides").glob("*.md"))


# Keras says on JAX and torch that a dataset shuffles itself, and its MeanIoU asks JAX for 64 bits.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.shuffle=True. was passed")
@pytest.mark.filterwarnings("ignore:Explicitly requested dtype .*int64")
@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_guide_runs(page, tmp_path, monkeypatch):
    """In a folder where `scans` and `organs` are images and index masks, as the guides say."""
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
