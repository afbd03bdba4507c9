"""All layers, with what a page needs to know about each before it draws anything."""

import inspect
from dataclasses import dataclass

import keras_segaug as segaug
from docs.builder.strengths import STRENGTHS
from examples.gallery import example_arguments

# The folder of a layer, and the name of its type on the site.
TYPES = {
    "joint": "geometry",
    "mixing": "mixing",
    "image_only": "image only",
    "mask_only": "mask only",
    "policies": "policy",
    "core": "composition",
}


@dataclass(frozen=True)
class Entry:
    name: str
    cls: type

    @property
    def type(self):
        return TYPES[self.cls.__module__.split(".")[1]]

    @property
    def summary(self):
        return inspect.getdoc(self.cls).partition("\n\n")[0].replace("\n", " ")

    def arguments(self, height, width):
        """Arguments for showing the layer at this size."""
        if self.cls is segaug.MultiView:
            color = segaug.ImageOnlyGamma((0.4, 0.5))
            strong = segaug.Pipeline([segaug.JointRandomRotation(0.1), color])
            return {"views": {"weak": segaug.JointRandomFlip(), "strong": strong}}
        return example_arguments(self.cls, height, width)

    def strengths(self, height, width):
        """Arguments of low, middle and high strength; or one set, which is drawn several times."""
        own = self.arguments(height, width)
        if self.name not in STRENGTHS:
            return [own]
        return [{**own, **more} for more in STRENGTHS[self.name]]

    def make(self, arguments):
        # Compiling a program takes longer than the few images of a page.
        return self.cls(**arguments, seed=1, jit_compile=False)

    @property
    def looks_at_others(self):
        """Does the result for a sample depend on the others of its batch?"""
        return self.type == "mixing" or self.takes("references")

    def takes(self, *names):
        """Does the layer or its base take these arguments?"""
        parameters = {name for base in self.cls.__mro__ for name in own_arguments(base)}
        return parameters.issuperset(names)


def own_arguments(cls):
    """{name: parameter} of the `__init__` that the class itself defines."""
    own = vars(cls).get("__init__")
    return inspect.signature(own).parameters if inspect.isfunction(own) else {}


def public_layers():
    """Every public layer that can be instantiated, sorted by name."""
    public = [getattr(segaug, name) for name in sorted(segaug.__all__, key=str.lower)]
    return [
        Entry(each.__name__, each)
        for each in public
        if inspect.isclass(each)
        and issubclass(each, segaug.AugmentationLayer)
        and not each.is_abstract
    ]
