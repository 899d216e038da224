"""What a monitoring system reads: /metrics, /healthz, /readyz, on a listener of their own.

* ``figures``  – what happened, counted from the facts as they are committed.
* ``standing`` – how things stand, read at the moment somebody asks.
* ``lag``      – how late the reactor comes to its appointments.
* ``pages``    – the three pages.

May never be here: a label with a user, target or session in it; a number that nobody measured.
"""
