"""The air classroom: the school's channels as live HLS, and the pages that show them.

Rules:
    - ``Channels`` alone moves the line-up on; whoever answers a player reads what it has kept.
    - A run is in the journal before a playlist names it.
    - Nothing is decided while school time is not sure: the channels wait, and say so.
"""
