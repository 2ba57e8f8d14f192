"""Other nodes of the network: found, asked, believed for a while, and fetched from.

book     which ones this node knows, and what they told; kept in ``peers.json``. Light.
company  whom a node may turn to. Light.
offers   what the planner may count on of it. Light.
search   finding them by zeroconf
source   speaking to one of them
blobs    fetching whole blobs from them
circle   all of that in one run of the worker

Rules of this room:
    - Nothing travels by line here: who was found, and not typed in by a person, is spoken to on
      the same network only.
    - Whoever lies, stalls or is gone is left alone for a while; nothing that they sent is kept
      unless its digest is right, and nothing that was right before is lost by them.
"""
