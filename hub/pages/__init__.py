"""The pages of the hub's admins, under ``/admin/``.

Rules of this room:
    - Every page but signing in, the style and the choice of language needs a session.
    - Every POST needs our own Origin and the page's token, checked in one place
      (``hub.pages.guard``) before a handler runs.
    - Pages are whole without a script, ask no third party, and name no file of the hub's disk
      that the admin has no use for.
    - What schools and nodes have sent is text: escaped by the templates, one line, bounded.
Not here: what is decided (``hub.fleet``, ``hub.publishing``), repository and nodes' own
addresses (``hub.serve``).
"""
