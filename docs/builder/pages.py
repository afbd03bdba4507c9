"""Copies hand-written pages; links to files of the repository become links to pages of them."""

import re
import shutil
from pathlib import Path
from posixpath import normpath, relpath

from docs.builder.layer_page import DOCS

ROOT = DOCS.parent
_LINK = re.compile(r"(\]\()([^)#\s:]+)(#[^)\s]*)?(\))")
_LANGUAGES = {".py": "python", ".toml": "toml", ".txt": "text", "": "text", ".sh": "bash"}


class Copied:
    """The hand-written pages, and the files of the repository that they link to."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.waiting: list[Path] = []
        self.known: set[Path] = set()

    def copy_all(self):
        for path in sorted(DOCS.rglob("*")):
            below = path.relative_to(DOCS)
            if path.is_file() and below.parts[0] != "builder" and path.suffix != ".toml":
                self.copy(path, self.folder / below)
        while self.waiting:
            path = self.waiting.pop()
            self.copy(path, self.folder / _place(path))

    def copy(self, path, place):
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            place.write_text(_behind(place.relative_to(self.folder)) + self.linked(path, place))
        elif path.is_relative_to(DOCS) or path.suffix not in _LANGUAGES:
            shutil.copy(path, place)
        else:
            name, language = path.relative_to(ROOT).as_posix(), _LANGUAGES[path.suffix]
            behind = _behind(place.relative_to(self.folder))
            place.write_text(
                f"{behind}# {name}\n\n````{language}\n{path.read_text().rstrip()}\n````\n"
            )

    def linked(self, path, place):
        """The text of a page, with its links as they are on the site."""

        def replaced(found):
            target = Path(normpath((path.parent / found[2]).as_posix()))
            if not target.is_relative_to(ROOT) or not target.exists():
                return found[0]  # generated, or broken: the strict build reports it
            if target.is_relative_to(DOCS):
                new = self.folder / target.relative_to(DOCS)
            elif target.is_file():
                new = self.folder / _place(target)
                if target not in self.known:
                    self.known.add(target)
                    self.waiting.append(target)
            else:
                return found[0]
            return f"{found[1]}{relpath(new, place.parent)}{found[3] or ''}{found[4]}"

        return _LINK.sub(replaced, path.read_text())


def _behind(place):
    """Front matter that ranks background pages lower in a search, below pages on how to use it."""
    inside = place.parts[0] in ("decisions", "repository")
    return "---\nsearch:\n  boost: 0.2\n---\n\n" if inside else ""


def _place(path):
    """Where a file of the repository is on the site."""
    below = Path("repository") / path.relative_to(ROOT)
    if path.suffix in _LANGUAGES:
        return below.with_name(below.name + ".md")
    return below
