"""The line about to run, known before it runs: what was typed, what the screen shows, what is still open.

::

    keys      bytes of the operator, cut into keys
    typing    what the keys make of a line: exact while only plain editing keys were used
    showing   what the screen shows of the line, from the end of the prompt on
    scan      whether a line is finished, and whether the shell would put history into it
    programs  what reads the terminal now: a shell, a full-screen program, a prompt of its own, a reader
    waiting   how long to wait for an echo
    oracle    the readings of the present line, united, and when they are certain
    gate      holds each commit key until the line is judged
    piped     the same for scripts on the input of a shell without a terminal

May be here: what terminals, line editors and shells do. May never be here: rules on what is allowed.
"""
