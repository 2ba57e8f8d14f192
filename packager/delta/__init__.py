"""Deltas: finding what of a new version is in an old one, and encoding the rest.

streams        the DEFLATE streams of a file, and how each was deflated
texts          a file with its streams inflated
fingerprints   where the same bytes are
references     what of the old version a block refers to
pieces         what of a block resembles its references
encode         a block, in whatever way gives fewest bytes
making         all blocks of a bundle
"""
