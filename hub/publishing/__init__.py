"""Publishing a folder that came by browser: receive, build, quote, publish; one at a time.

Rules of this room:
    - What comes is bounded (names, count, bytes, room on the disk) before it is written.
    - The job is a file (``job.json``). Killed at any point, the hub goes on with it when it
      starts again; only a folder of which not all had come is dropped.
    - The packager is another application: its command is run, and read as any stranger's output.
    - Nothing is signed without a person's press of a button after the quote was shown.
"""
