"""File transfers over SFTP, decoded, and stopped where a rule wants it.

* ``codec`` – packets of SFTP version 3 and OpenSSH's extensions, read strictly.
* ``cursor`` – where a stream stands: packets one by one, however the stream was cut; bodies are not collected.
* ``sieve`` – answers for a chunk where it stands whether it holds nothing but bodies of known files.
* ``handles`` – what is open and what was asked and not answered.
* ``steps`` – what a job may do: ask the target, wait, ask somebody outside.
* ``gate`` – the gate: it routes both streams, and runs one job at a time while the operator's stream waits.
* ``placing``, ``uploads``, ``downloads``, ``naming`` – the jobs.

Nothing here opens a file: what is kept meanwhile lies with a *depot* (see ``steps``) that is handed in.
"""
