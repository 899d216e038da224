"""How plugins are found and named.

::

    named     the one plugin of an interface that a configuration names, and its settings by its schema
    discover  a third party's inspectors, by ``twisted.plugin``; only when a configuration names one
    shelf     the inspectors of this node by kind: shipped ones and named plugins, made from frozen settings

May never be here: an inspector. Nothing is loaded because it merely exists.
"""
