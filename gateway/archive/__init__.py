"""Recordings on disk: ``.pamrec`` tracks, their manifests, verification and export.

What is seen is recorded first: ``ITrack.write`` returns when the kernel has the event. Nothing here knows a
vault, a journal or a session; keys and threads are given as callables, times come in as seconds since the
session's start.

========================= ==========================================================================
``format``                the bytes of version 1 (``docs/pamrec.rst`` is the specification)
``keys``                  what the node lends, and the ciphers of one recording
``files``                 appending through a bounded number of descriptors
``writer``                a running session's recording: the tail, the frames, sealing
``manifest``              what a sealed recording consists of, signed
``reader``                a track read back, whatever became of it
``verify``                OK, BAD at, UNSEALED up to: with a public key alone
``export``                asciicast v2
``reel``                  a track, frame by frame, for players; and as lines of text
``evidence``              all that proves a recording without this node
``words``, ``search``     the full-text index: keyed words, and hits rendered from the recordings
``deletion``, ``holds``   the end of a recording, and what stays it
``recovery``              closing what a dead process left open
``archive``               ``IArchive`` on disk
``memory``                ``IArchive`` in memory
``rows``                  what is listed of a recording
========================= ==========================================================================
"""
