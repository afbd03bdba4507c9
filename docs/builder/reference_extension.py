"""Hands docstrings to mkdocstrings; `docs.builder.docstrings` works without its packages."""

import griffe

from docs.builder.docstrings import shown


class DocstringsOfThePackage(griffe.Extension):
    def on_object(self, *, obj, **kwargs):
        if obj.docstring is not None:
            obj.docstring.value = shown(obj.docstring.value, obj.name)
