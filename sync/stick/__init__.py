"""A stick at a node: looking at it, importing from it, exporting to it.

Rules of this room:
    - What is on a stick is as untrusted as any network: it is read through ``cache.stick``, and
      verified exactly as what comes from the network is.
    - ``look`` and ``setups`` are for the resident agent too: they load neither verifier, nor
      codecs, nor the network, and what they say is unverified.
    - A statement leaves the outbox only by a receipt that carries the hub's MAC, and only as far
      as this node has put it on a stick.
"""
