"""The demo: the whole system on one machine, run as a person would."""
