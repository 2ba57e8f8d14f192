"""The screens: each draws the sheet that its view makes, and turns keys into wishes."""
