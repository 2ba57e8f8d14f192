"""The targets by name."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from tests.fuzz.target import Target

CORPUS: Final = Path(__file__).parent / "corpus"
"""What was found, and what is worth keeping: a folder for each target."""

# Loaded when needed: what a node decodes is not to be judged by the memory of an encoder.
_PLACES: Final = {
    "head": ("heads", "HEADS"),
    "index": ("heads", "INDEXES"),
    "compact": ("heads", "COMPACTS"),
    "listing": ("heads", "LISTINGS"),
    "manifest": ("heads", "MANIFESTS"),
    "codecs": ("blocks", "CODECS"),
    "patch": ("blocks", "PATCHES"),
    "inflate": ("blocks", "INFLATE"),
    "deflate": ("blocks", "DEFLATE"),
    "recipe": ("recipes", "RECIPES"),
    "resolve": ("bundles", "RESOLVE"),
    "apply": ("bundles", "APPLY"),
    "streams": ("files", "STREAMS"),
    "encode": ("files", "ENCODE"),
    "carry": ("files", "CARRY"),
}
NAMES: Final = tuple(_PLACES)


def target_of(name: str) -> Target:
    """Give a target."""
    module, attribute = _PLACES[name]
    found = getattr(import_module(f"tests.fuzz.{module}"), attribute)
    if not isinstance(found, Target):
        raise TypeError(name)
    return found


def kept(name: str) -> Iterator[bytes]:
    """Give what is kept of a target's input."""
    for place in sorted((CORPUS / name).glob("*")):
        yield place.read_bytes()
