"""`make correctness`: its page is made from its result, and broken layers are reported."""

import json
import re
from pathlib import Path

import pytest

import keras_segaug as ks
from benchmarks import correctness, correctness_page, verdicts
from benchmarks.correctness_rows import LIBRARIES, OURS, Library, Row
from tests.cases import CASES

ROOT = Path(__file__).parent.parent
RESULT = json.loads((ROOT / "benchmarks/results/correctness.json").read_text())
PAGE = (ROOT / "docs/correctness.md").read_text()


def test_page_is_what_the_committed_result_makes():
    assert correctness_page.page(RESULT) == PAGE


@pytest.mark.parametrize("name", LIBRARIES)
def test_every_row_is_in_result_and_page(name):
    library = LIBRARIES[name]
    rows = RESULT["libraries"][name]["rows"]
    assert list(rows) == [row.name for row in library.rows]
    section = re.search(rf"## {re.escape(library.title)}\n(.*?)\n## ", PAGE, re.DOTALL)[1]
    for row in library.rows:
        assert set(rows[row.name]) == set(library.forms(row))
        for code, _ in library.forms(row).values():
            assert f"`{code}`" in section


def test_every_reading_is_of_a_finding():
    for reading in correctness_page.READINGS:
        for library in reading.libraries:
            for row in reading.rows:
                forms = RESULT["libraries"][library]["rows"][row]
                assert any(forms[form]["findings"] for form in reading.forms if form in forms)


def test_every_layer_of_ours_is_a_row():
    checked = {case.layer.__name__ for case in CASES if not isinstance(case.make(), ks.Pipeline)}
    compositions = {"Identity", "RandomChoice", "SomeOf", "RandomOrder"}
    assert checked - compositions <= {row.name for row in OURS.rows}


def library_of(**functions):
    rows = tuple(Row(name, name) for name in functions)
    return Library("Mine", "functions", ("numpy",), lambda: functions, rows, call="function")


def flip_the_image_only(image, mask):
    return image[:, ::-1], mask


def refuse(image, mask):
    raise RuntimeError("no masks\n| here")


def test_what_is_broken_or_raises_is_reported():
    library = library_of(broken=flip_the_image_only, raising=refuse, right=lambda i, m: (i, m))
    result = correctness.measure({"mine": library}, calls=2)
    page = correctness_page.page(result)
    assert "| `broken` | `broken` | misaligned |" in page
    assert "| `raising` | `raising` | raises |" in page
    assert "- raising: raises: RuntimeError: no masks / here" in page
    assert "| `right` | `right` | ok |" in page
    assert re.search(r"\| Mine \| numpy [\d.]+ \| 3 \| 1 \| 0 \| 2 \|", page)


def test_a_row_that_cannot_be_made_is_named():
    library = library_of(fine=flip_the_image_only)
    library = Library(**{**vars(library), "rows": (Row("gone", "A.Gone(p=1)"),)})
    with pytest.raises(correctness.RowError, match=r"Mine, gone: cannot make `A\.Gone\(p=1\)`"):
        correctness.measure({"mine": library}, calls=2)


def test_what_differs_from_run_to_run_is_left_out_of_an_entry():
    detail = (
        "it raised TypeError: got <function f at 0x7f12>, <Flip object at 0x7f3a>; "
        "it was called with images (6, 48, 64, 3)"
    )
    assert verdicts.plain(detail) == "it raised TypeError: got <function f>, <Flip>"
    assert verdicts.plain("it raised ValueError: in user code:\n  File a.py") == (
        "it raised ValueError"
    )


def test_a_reading_is_about_its_forms_alone():
    reading = correctness_page.Reading(("mine",), ("broken",), "why", forms=("usual",))
    assert reading.is_about("mine", "broken", "usual")
    assert not reading.is_about("mine", "broken", "changed")
    assert not reading.is_about("mine", "right", "usual")
    assert not reading.is_about("other", "broken", "usual")
