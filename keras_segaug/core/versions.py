"""What one version of this package sends to another process, no other version accepts."""

from keras_segaug.version import __version__


class Mark:
    """Goes into a pickle, as its first entry; another version raises when it reads the mark.

    First, since what follows may hold classes that the other version does not know.

    Args:
        name: the layer or function whose pickle it is, for the message.
    """

    def __init__(self, name):
        self._name = name

    def __reduce__(self):
        return _read, (self._name, __version__)


def _read(name, version):
    check(name, version)
    return Mark(name)


def check(name, version):
    """Raises for what another version has pickled, which may draw or move something else."""
    if version != __version__:
        raise ValueError(
            f"{name}: it was pickled by keras_segaug {version} and is read by {__version__}, which "
            "may augment differently. Install one version on all machines and in all worker "
            "processes. A pickle that was kept in a file is read by the version that wrote it; "
            "`model.save` and `layer.to_json()` make files that later versions read, too."
        )
