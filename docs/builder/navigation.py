"""The configuration of MkDocs with the order of all pages, beside the folder of pages."""

import json

from docs.builder import reference
from docs.builder.catalog import TYPES

GUIDES = (
    "first_steps",
    "look_first",
    "choosing",
    "masks",
    "model_or_pipeline",
    "keras_hub",
    "test_time",
    "few_labels",
    "reproducible",
    "many_machines",
    "speed",
    "writing_a_layer",
    "from_image_data_generator",
    "from_other_libraries",
)
EVIDENCE = ("correctness", "keras_layers", "keras_conventions", "benchmarks", "few_labels")


def compare(folder, ordered):
    there = sorted(path.stem for path in folder.glob("*.md"))
    if there != sorted(ordered):
        raise ValueError(
            f"{folder.name}/ holds {there}, but navigation.py orders {sorted(ordered)}"
        )


def write(entries, folder):
    """Writes the configuration; pages that are missing or not listed in the order are an error."""
    compare(folder / "guides", GUIDES)
    compare(folder, ("index", "glossary", *EVIDENCE))
    layers: dict[str, list[str]] = {each.capitalize(): [] for each in TYPES.values()}
    for entry in entries:
        layers[entry.type.capitalize()].append(f"layers/{entry.name}.md")
    decisions = sorted(path.name for path in (folder / "decisions").glob("0*.md"))
    order = [
        {"Start": "index.md"},
        {"Guides": [f"guides/{name}.md" for name in GUIDES]},
        {
            "Layers": [
                "layers/index.md",
                "layers/targets.md",
                *({title: pages} for title, pages in layers.items()),
            ]
        },
        {"API": ["api/index.md", *(f"api/{name}.md" for name in reference.names())]},
        {"Evidence": [f"{name}.md" for name in EVIDENCE]},
        {
            "Background": [
                "glossary.md",
                "decisions/README.md",
                {"Decisions": [f"decisions/{name}" for name in decisions]},
            ]
        },
    ]
    settings = {
        "INHERIT": "../mkdocs.yml",
        "docs_dir": folder.name,
        "site_dir": "../site",
        "nav": order,
    }
    # JSON is YAML, too.
    folder.with_name("mkdocs.yml").write_text(json.dumps(settings, indent=1))
