"""The teachers' pages: the day of each channel, school time, changes, wishes and own files.

Rules:
    - Everybody may look at the day; whoever changes something is signed in.
    - Nothing is changed by opening an address: each change is a form with token and Origin, is
      asked for in words first, marked afterwards, and can be undone.
    - Lessons that have begun are not changed: players' line-ups only ever grow.
"""
