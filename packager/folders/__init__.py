"""Plain folders: ``packhorse pack diff`` and ``packhorse pack apply``."""
