"""The ``packhorse`` command; ``python -m packhorse`` is the same."""

from packhorse.dispatch import main

if __name__ == "__main__":
    main()
