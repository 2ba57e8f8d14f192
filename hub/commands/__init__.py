"""One module per command of ``packhorse hub``; heavy imports happen inside the commands."""
