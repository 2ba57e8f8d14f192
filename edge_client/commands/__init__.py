"""The commands of ``packhorse node``, one module each."""
