"""The half of the node that faces the classrooms: pages, media, usage.

Rules:
    - Every request is hostile: bounded, checked, and unable to change content, keys or network.
    - Reads blobs and catalogue; writes only ``journal.db``; needs neither line nor agent.
    - Imports neither the verifier nor the codecs, nor anything that is large.

Non-goals: fetching, deciding what to fetch.
"""
