"""File transfers by the old protocol of scp (``scp -O``), both ways, with folders.

* ``paths`` – which paths a transfer is about, by its command line and the names that come.
* ``relay`` – the protocol itself, as one job: it reads what the source says and what the sink answers.
* ``gate`` – the gate that runs the job and accounts for what waits.

The *source* has the files, the *sink* gets them; either may be the operator's side.
"""
