"""The operators' door and the way to targets.

::

    listener   takes connections: admission, grace; frontend reads the PROXY header of named front ends
    login      who is it, and which reading of the login name holds; vouching checks certificates and revocations
    operator   the door a login opens: a session, a refusal, or a program (verbs, menu)
    session    one session's two connections; keepalive asks both for a sign of life
    jump       ProxyJump: the server inside a channel, carried by a tunnel
    channel    one session channel of an operator: what it is, what may pass; forward: the channels that are none
    junction   joins the two ends of a channel through the flow; windows; the one place that injects
    target     the way to the target: log in; reach dials and recognises the host, approach does so ahead of time
    program    channels that end inside the gateway: verbs, menu, refusals, the demo target
    menu       the list of targets for an operator who named none; menu_screen draws it, menu_keys reads keys
    cells      how text looks on a terminal
    demo       the built-in demo target: a server on loopback. demo_shell runs demo_commands on a demo_console
               (demo_line edits, demo_words reads lines); demo_sftp serves the same demo_files

May never be here: where settings come from, but through the interfaces that ``node`` hands in; admin's verbs.
"""
