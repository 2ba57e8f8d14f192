"""The commands of ``packhorse pack``, one module each; heavy modules load when one runs."""
