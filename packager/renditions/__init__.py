"""From the videos of a folder to the renditions of its items.

Rules:
    - What is published is never encoded again: the same source, wanted in the same way, has the
      published file, whether its bytes are here or not.
    - What was made stays in the workspace with its description; it is known by the digest of the
      source and by its settings, so that a killed build goes on.
    - A video that cannot be taken is packed as it is, with a warning; the others go on.
"""
