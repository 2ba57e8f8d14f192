"""The bundle: framing, index, blocks.

    16 bytes   frame: magic and format, index lengths
    index      MessagePack, zstd compressed; small, verified and read first
    blocks     one after another, in the index's order, to the end of the file

A bundle is stored under its index digest: SHA-256 over the frame and the compressed index.
Rules of this room: bytes in, values out; hostile input ends in ``RefusedError``, within bounds.
"""
