"""The hub: serves a repository, enrols nodes, takes their usage.

Rules of this room:
    - Only the sequencer writes ``metadata/`` and ``tip``, under its lock.
    - What a node is told is durable: the registry's commit comes last.
    - Everything from outside is bounded and verified before it is used; a refusal changes nothing.
Not here: building packs (``packager``), anything a school does (``edge_client``).
"""
