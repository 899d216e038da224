"""Where facts leave the node for a SIEM or for somebody's attention.

* ``texts`` – text that can not forge a record. ``rfc5424``, ``cef``, ``leef``, ``ecs``, ``ocsf`` – an entry as text.
* ``shapes`` – the formats by name, and an entry cut to a length. All of these are pure.
* ``cursor`` – how far a destination has got, on disk. ``feed`` – the journal, read on behind a cursor.
* ``streams``, ``local`` – ways out. ``destinations`` – which one a configuration means.
* ``notices`` – grave events told to people.
* ``outlet`` – one destination: its feed, its way out, its state. ``outlets`` – all of them.

May never be here: what a session waits for. The journal is the spool; a destination that is down costs nobody a key.
"""
