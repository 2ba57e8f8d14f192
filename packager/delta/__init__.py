"""Deltas: finding what of a new version is in an old one, and encoding the rest.

streams        the DEFLATE streams of a file, and how each was deflated
recipes        how many streams a recipe can name
texts          a file with its streams inflated
fingerprints   where the same bytes are
lookup         which granules of the space have which fingerprints
covering       granules that have together as much of a block as they can
references     what a block refers to
planning       which blocks there are
pieces         what of a block resembles its references
encode         a block, in whatever way gives fewest bytes
making         all blocks of a bundle
"""
