"""Print the reference of ``pam.toml``: ``python -m gateway.config > etc/pam.toml``."""

import sys

from gateway.config.reference import reference

sys.stdout.write(reference())
