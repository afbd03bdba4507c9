"""Passes docstrings through `docs.builder.docstrings`, as an extension of mkdocstrings."""

import griffe

from docs.builder.docstrings import shown


class DocstringsOfThePackage(griffe.Extension):
    def on_object(self, *, obj, **kwargs):
        if obj.docstring is not None:
            obj.docstring.value = shown(obj.docstring.value, obj.name)
