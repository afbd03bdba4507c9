"""The reference pages of everything public except the layers, which have their own pages."""

import keras_segaug
from docs.builder.catalog import public_layers

# Public modules that are imported by these names rather than from the package itself.
MODULES = ("random", "recipes", "data.grain", "data.ray", "data.hugging_face")


def names():
    """What gets a page: everything except the layers, which have their own, and the version."""
    layers = {entry.name for entry in public_layers()}
    own = [name for name in keras_segaug.__all__ if name not in layers and name != "__version__"]
    return sorted({*own, *MODULES}, key=str.lower)


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names():
        options = "\n    options:\n      heading_level: 1\n      show_root_toc_entry: true"
        if name == "AugmentationLayer":
            # Its methods, which all layers share, are defined in its base classes.
            options += "\n      inherited_members: true"
        (folder / f"{name}.md").write_text(
            f"---\ntitle: {name}\n---\n\n::: keras_segaug.{name}{options}\n"
        )
    functions = "\n".join(f"- [{name}]({name}.md)" for name in names())
    (folder / "index.md").write_text(f"""\
# API reference

From the docstrings. Every layer that can be made has its arguments on [a page with
pictures](../layers/index.md); here is everything else that is public.

{functions}
""")
