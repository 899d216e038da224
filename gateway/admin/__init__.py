"""The admins' verbs (one implementation) and their doors: ssh, pamctl.

* ``verb`` – what a verb is: name, roles, arguments, and the coroutine that does it. ``verbs/`` holds them
  all.
* ``room`` – everything a verb may use, as one value; the composition root fills it.
* ``arguments`` – the command line, parsed strictly. ``perform`` – find, permit, parse, run, show: the one way
  through which every door goes. ``render``, ``cleaning``, ``ids``, ``times`` – how an answer is shown.
* ``streams`` – stdin, stdout and stderr of one verb, with backpressure.
* ``shell``, ``editor`` – the ssh door: one line, or an interactive shell. ``ctl``, ``socket``, ``frames`` –
  pamctl.
* ``welcome`` – the words of a first start.

May never be here: an import of the rooms that keep things (directory, vault, archive, journal's file): they
come as interfaces and callables.
"""
