"""Widgets that Textual has not, or not so that any terminal shows them."""
