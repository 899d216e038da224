"""SSH as it must be spoken, over Twisted Conch.

::

    transport, target_transport   one connection, as server and as client; carrier is what they share
    link                          the connection without its socket: version, phases, key exchange, order
    packets, ciphers, phases      messages sealed and opened; which message has its place when
    kex, exchange, algorithms     how keys are agreed; hostkeys, hostproof, certificates, krl, signatures, keyblobs
    finite, oldciphers            what is old, for targets whose entries ask for it
    userauth*, authority, pacing  the login queue, both roles; what it asks, and when it answers
    connection, channels, windows RFC 4254: channels by number, ordered output, credit end to end
    splice, coupling, direct, turn  the fast way: in place, windows passed on, one write a turn
    admission, fading, proxyline  who may wait for a login; where he really comes from

May be here: packets, algorithms, key exchange, the login queue, channels with credit windows.
May never be here: who may do what; anything of a session's meaning.
"""
