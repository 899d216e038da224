"""The room: a child process for whatever parses hostile content.

::

    gateway:  room ──spawns──▶ launch ──▶ (bubblewrap) ──▶ zygote ──forks, one a file──▶ kinds
              bubble: what bubblewrap shows of the machine            walls: what a child may still do

The zygote never looks at content: it forks a child for each file, which has the file as a descriptor, answers with one
JSON object and is gone. May never be here: a key, a path to be opened, a socket to the world.
"""
