"""The ``packhorse`` command: finds the command groups, and shows them all in the demo.

Rules:
    - Imports no application: groups are found through entry points, and the demo runs the
      commands as a person would.
    - Quick: ``--help`` and ``--version`` load nothing else.

Non-goals: business of any group.
"""
