"""The console and the API: the verbs by HTTP, for people and for programs.

* ``asked``, ``reply``, ``server`` – a request and an answer as values; the way from a socket to them and back.
* ``site`` – one listener, two apps. ``api`` and ``openapi`` – every verb by its words, for tokens.
* ``console`` – what goes before every page; ``pages/`` – the pages, ``templates/`` what they look like, ``static/``
  what they load, ``paint`` both. ``miniature`` – a screen as a picture.
* ``login``, ``entries``, ``visits``, ``brake`` – how one gets in, who is in, and how often one may try.
* ``sse``, ``following``, ``spool`` – answers that go on: the newest of each thing, a session's screen, a verb's output.

May never be here: a decision on who may do what (``perform`` makes it), HTML made of anything but escaped text, a
script or style in a page.
"""
