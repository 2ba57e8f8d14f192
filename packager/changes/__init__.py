"""What changed between two versions of a pack, lesson by lesson, and saying it.

Rules:
    - A lesson is an item of the manifest. Each is exactly one of unchanged, added, changed, moved
      and removed.
    - All is pure: manifests in, data and lines out.
"""
