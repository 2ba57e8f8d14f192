"""What must survive a power cut: blobs, catalogue, outbox.

Rules:
    - Only ``cache.durable`` writes temporary files, renames and fsyncs; only ``cache.clock``
      reads the clock.
    - A row names only blobs that are durable and whole; references go before blobs do.
    - Imports ``core`` alone.

Non-goals: networking, trust, deciding what to fetch.
"""
