"""Versions are written down in more than one file; they agree."""

import pathlib
import re
import tomllib

import keras_segaug

ROOT = pathlib.Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def lower_bounds(requirements):
    found = (re.match(r"([\w-]+)>=([\d.]+)", requirement) for requirement in requirements)
    return {match[1]: tuple(map(int, match[2].split("."))) for match in found if match}


def test_the_oldest_versions_that_are_tested_are_the_lower_bounds():
    lines = (ROOT / "requirements" / "oldest.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    extras = PROJECT["optional-dependencies"]
    bounds = lower_bounds(PROJECT["dependencies"] + extras["contract"] + extras["files"])
    assert pins.keys() == bounds.keys()
    for name, bound in bounds.items():
        pinned = tuple(map(int, pins[name].split(".")))
        assert pinned == bound + (0,) * (len(pinned) - len(bound)), name


def test_the_citation_names_this_version():
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"^version: (.+)$", citation, re.M)[1] == keras_segaug.__version__


def test_the_makefile_knows_the_oldest_and_the_newest_python():
    oldest, below = re.match(r">=(3\.\d+),<3\.(\d+)$", PROJECT["requires-python"]).groups()
    makefile = (ROOT / "Makefile").read_text()
    assert f"OLDEST_PYTHON ?= $(call python_of,{oldest})" in makefile
    assert f"NEWEST_PYTHON ?= $(call python_of,3.{int(below) - 1})" in makefile
