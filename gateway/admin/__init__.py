"""The admins' verbs (one implementation) and their doors: ssh, pamctl, the console and the API.

* ``verb`` – what a verb is: name, roles, arguments, and the coroutine that does it. ``verbs/`` holds them all.
* ``room`` – everything a verb may use, as one value; the composition root fills it.
* ``perform`` – find, permit, parse, run, show: the one way through which every door goes. ``arguments`` – the command
  line, strictly. ``selfless`` – nobody does himself a favour.
* ``answer``, ``render``, ``cleaning``, ``ids``, ``times`` – what was found, and how it is shown.
* ``streams`` – stdin, stdout and stderr of one verb, with backpressure. ``refusal`` – exit codes.
* ``shell``, ``editor``, ``completion``, ``vigil`` – the ssh door: one line, or an interactive shell, ended at once
  with a lost right.
* ``ctl``, ``socket``, ``frames``, ``tty`` – pamctl.
* ``display``, ``prompt`` – a person's terminal while a verb has it whole; ``watch`` and ``play`` are such verbs.
* ``web/`` – the console and the API; ``tokens`` – who may use that. ``metrics/`` – what a monitoring system reads.
* ``evidence`` – a recording as one page that verifies itself.
* ``welcome`` – the words of a start.

May never be here: an import of the rooms that keep things (directory, vault, archive, journal's file): they come as
interfaces and callables.
"""
