"""How Sphinx builds the manual."""

project = "Ostiary"
author = "The Ostiary authors"
project_copyright = "2026, The Ostiary authors"

extensions: list[str] = []
exclude_patterns = ["_build"]

html_theme = "alabaster"
html_theme_options = {"description": "A privileged-session gateway over SSH", "page_width": "70em"}
smartquotes = False
