"""Checks every link of the built site: internal ones must lead somewhere, external ones are listed.

    python -m docs.builder.links site

Nothing is fetched. MkDocs itself checks only links in Markdown, not those in HTML.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from posixpath import normpath
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    """The links of a page, and the anchors on it."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = set(), set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}
        # What a script fetches, the sheet of a slider, counts as well.
        self.links |= {found[key] for key in ("href", "src", "data-sheet") if found.get(key)}


def check(site):
    """(["page: broken link"], {external address})."""
    pages = {
        path.relative_to(site).as_posix(): _Page(path) for path in sorted(site.rglob("*.html"))
    }
    broken, external = [], set()
    for name, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                external |= {link} if parts.scheme in ("http", "https") else set()
            elif name != "404.html" and not _leads_somewhere(site, pages, name, parts):
                broken.append(f"{name}: {link}")
    return broken, external


def _leads_somewhere(site, pages, name, parts):
    place = name
    if parts.path:
        place = normpath(f"{Path(name).parent.as_posix()}/{unquote(parts.path)}")
        place = place if (site / place).is_file() else normpath(f"{place}/index.html")
    if not (site / place).is_file():
        return False
    return not parts.fragment or place not in pages or _is_anchor(pages[place], parts.fragment)


def _is_anchor(page, fragment):
    # Anchors of the tabs are created by a script.
    return unquote(fragment) in page.anchors or fragment.startswith("__")


def main(site):
    broken, external = check(site)
    print(f"{len(external)} external links, which were not looked at:")
    print(*sorted(external), sep="\n")
    for each in broken:
        print(f"leads nowhere: {each}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
