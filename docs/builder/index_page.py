"""The pages that list all layers: thumbnails to choose from, and a table of what each handles."""

from html import escape

from benchmarks.report import table
from docs.builder.catalog import TYPES
from docs.builder.targets import BACKENDS, CHANGED, KEPT, ROLES

SIGNS = {CHANGED: "changed", KEPT: "kept"}


def thumbnails(entries):
    """A card for each layer, with buttons to choose a type; without JavaScript all cards show."""
    types = TYPES.values()
    buttons = "\n".join(
        f'<button type="button" data-type="{each}" aria-pressed="{str(not each).lower()}">'
        f"{each or 'all'}</button>"
        for each in ("", *types)
    )
    cards = "\n".join(
        f'<a class="card" href="{entry.name}/" data-type="{entry.type}">'
        f'<img src="images/{entry.name}.webp" alt="" width="112" height="112" loading="lazy">'
        f"<strong>{_breakable(entry.name)}</strong><span>{entry.type}</span></a>"
        for entry in entries
    )
    return f"""\
# All layers

{len(entries)} layers. Each has a page with draws on four kinds of images, its arguments, what it
does to every target, what it costs, and what it is called elsewhere. As a table: [what each does to
which target](targets.md).

<div class="filter" role="group" aria-label="Type of layer">
{buttons}
</div>

<div class="cards">
{cards}
</div>
"""


def _breakable(name):
    """A long name may be broken before a capital letter."""
    return "".join(f"<wbr>{c}" if c.isupper() else c for c in escape(name)).removeprefix("<wbr>")


def target_table(entries, targets):
    backends = [BACKENDS[name] for name, found in targets.items() if found]
    missing = [BACKENDS[name] for name, found in targets.items() if not found]
    first = next(found for found in targets.values() if found)
    rows = [
        [
            f"[{entry.name}]({entry.name}.md)",
            entry.type,
            *(SIGNS.get(fate, "refused") for fate in first[entry.name].values()),
            ", ".join(backends),
        ]
        for entry in entries
    ]
    note = f" Not tried, since not installed here: {', '.join(missing)}." if missing else ""
    return f"""\
# What each layer does to each target

Images, masks, weights, depth, and points (keypoints, landmarks): which layers take what.

Found by trying every layer on a batch that holds all of these, on each backend, when this site
was built.{note} "changed": it moves, resizes or replaces what is there; "kept": it comes back as it
was; "refused": an error says that the layer cannot do it. Targets are named with `targets=`
([how](../guides/masks.md)). A composition does what its layers do; here they move and color.

{table(["layer", "type", *ROLES, "backends"], rows)}"""


def write(entries, targets, folder):
    (folder / "index.md").write_text(thumbnails(entries))
    (folder / "targets.md").write_text(target_table(entries, targets))
