#!/bin/sh
# The node's own network: see hotspot.py.
exec /usr/lib/packhorse/bin/python -I /usr/lib/packhorse/hotspot.py "$@"
