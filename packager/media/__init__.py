"""Videos into renditions, with PyAV.

Rules:
    - A rendition is fragmented MP4 as ``core.rendition`` says: one H.264 track (none in one of
      sound alone) and one AAC track of 48 kHz in stereo, silence where the source had none;
      parameter sets in the head and again before each key frame; a segment begins with the first
      key frame from 4 s on after the one before; its index is read back from the file.
    - What is decoded is hostile. It is opened by known demuxers alone, which open no other file,
      and decoded in a process of its own (``packager.media.worker``), whose memory and patience
      are bounded.
    - Picture and sound begin at 0, are equally long and without gaps.
    - Loudness is -16 LUFS where sound is encoded: classrooms have projectors and tablets, whose
      small loudspeakers need what phones need; at broadcasting's -23 LUFS a lesson cannot be
      heard in the last row with the volume at its end.
"""
