"""What is true of a session, as values and machines without any I/O.

May be here: the standard library's pure parts, attrs, and pure parsers.
May never be here: a clock, randomness, a Deferred, a file, a socket, a log. Time comes in with events.
"""
