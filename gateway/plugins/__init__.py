"""How plugins are found and named.

``named.py`` finds the one plugin of an interface that a configuration names, and reads its settings by its schema.
Nothing here loads what nobody named, and nothing here knows what a plugin is for.
"""
