#!/usr/lib/packhorse/bin/python -I
"""The command `packhorse`, in the node's own environment."""

from packhorse.dispatch import main

main()
