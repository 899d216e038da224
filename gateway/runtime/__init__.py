"""What runs a session under Twisted: its flow, its order of gates, its recording, the roster.

::

    compose   what stands in the way of each kind of channel, and how its bytes travel: two literal tables
    run       one session: identity, channels, clock, orders, end
    record    the recorder, a tap; digest hashes in a thread; shown keeps the screen
    live      watch and snapshot: present screens, on this node alone; stage paints one for all who see it
    roster    the sessions that run, and those the journal remembers
    orders    lock, unlock, interrupt, deactivate: act, commit, acknowledge
    telling   facts nobody waits for

May never be here: where policies come from. A running session sees its Grant and immediate orders only.
"""
