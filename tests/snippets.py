"""The Python code of a page, to be run with the lines it has there."""

import importlib.util
import re
from pathlib import Path
from typing import NamedTuple

import keras

ROOT = Path(__file__).parent.parent
# `<!-- backend: torch -->` or `<!-- needs: albumentations -->` in the line above: where it runs.
FENCE = re.compile(r"(?:<!-- (backend|needs): ([\w, ]+) -->\n)?```python\n(.*?)```", re.DOTALL)


class Snippet(NamedTuple):
    page: Path
    line: int
    condition: str | None
    names: tuple[str, ...]
    code: str

    def runs_here(self):
        if self.condition == "backend":
            return keras.backend.backend() in self.names
        return all(importlib.util.find_spec(name) for name in self.names)

    def run(self, names):
        """An error names the page and its line, as if the page were a module."""
        where = str(self.page.relative_to(ROOT))
        exec(compile("\n" * self.line + self.code, where, "exec"), names)


def snippets_of(page):
    text = page.read_text()
    return [
        Snippet(
            page,
            text[: found.start(3)].count("\n"),
            found[1],
            tuple(found[2].split(", ")) if found[2] else (),
            found[3],
        )
        for found in FENCE.finditer(text)
    ]
