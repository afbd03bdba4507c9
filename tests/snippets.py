"""The Python code of a page, to be run with its line numbers on that page."""

import importlib.util
import re
from pathlib import Path
from typing import NamedTuple

import keras

ROOT = Path(__file__).parent.parent
# Where a snippet runs: `<!-- backend: torch -->` or `<!-- needs: albumentations -->` above it.
FENCE = re.compile(
    r"^(?:<!-- (backend|needs): (\w+(?:, \w+)*) -->\n)?```python\n(.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
# Anything that looks like either. Misspelled, it would make the snippet run nowhere, or everywhere.
LOOKS_LIKE_ONE = re.compile(
    r"^[ \t]*(?:<!--|(?:```|~~~)[`~ \t{.]*py)", re.MULTILINE | re.IGNORECASE
)
BACKENDS = {"tensorflow", "jax", "torch"}


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
        """Runs the code; an error names the page and its line, as if the page were a module."""
        where = str(self.page.relative_to(ROOT))
        exec(compile("\n" * self.line + self.code, where, "exec"), names)


def snippets_of(page):
    """Raises `ValueError` if part of the page would not be run as its author meant."""
    text = page.read_text()
    rest = FENCE.sub(lambda found: "\n" * found[0].count("\n"), text)
    if stray := LOOKS_LIKE_ONE.search(rest):
        line = rest[: stray.start()].count("\n")
        raise ValueError(f"{page.name}, line {line + 1}: {text.splitlines()[line].strip()}")
    snippets = [
        Snippet(
            page,
            text[: found.start(3)].count("\n"),
            found[1],
            tuple(found[2].split(", ")) if found[2] else (),
            found[3],
        )
        for found in FENCE.finditer(text)
    ]
    for each in snippets:
        if each.condition == "backend" and not set(each.names) <= BACKENDS:
            raise ValueError(f"{page.name}, line {each.line}: no backends: {each.names}")
    return snippets
