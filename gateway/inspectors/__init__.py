"""The file inspectors that ship with the gateway.

::

    shipped   every kind by name: one literal table
    settings  reading a section
    size, path, hash      decide by what is known of a file
    clamd, icap           ask a scanner over its protocol
    archive, type, yara   parse content: in the room, never here
    command               an external program, confined
    room/     the child process for whatever parses hostile content

May never be here: anything that opens a file of the gateway's own (settings bring the content of files with them).
"""
