"""The index of a bundle that was built here, in the terms in which nodes reckon."""

from core.bundle.frame import decode_full_head, decode_head
from core.bundle.index import Index
from core.bundle.listed import rows_of
from core.bundle.resolve import resolve
from core.manifest import encode_manifest
from packager.build import Build, Bundle
from packager.workspace import Workspace


def index_of(build: Build, bundle: Bundle, workspace: Workspace) -> Index:
    """Read the index of a bundle.

    Args:
        build: the build.
        bundle: one of its bundles.
        workspace: where it is.
    """
    link, release = bundle.link, build.release("")
    with workspace.bundle(link.index).open("rb") as file:
        head = file.read(link.index_length)
    if bundle.base is None:
        return decode_full_head(head, link, release)
    found = decode_head(head, link, release)
    if isinstance(found, Index):
        return found
    base = rows_of(encode_manifest(bundle.base), bundle.base)
    return resolve(*found, base, workspace.read_slice).index
