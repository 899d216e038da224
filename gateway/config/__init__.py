"""``pam.toml`` as one frozen value.

* ``kinds`` – what a value may be, each a function that returns it or says in words why not.
* ``startups`` – who may wait for a login, in the words of sshd_config.
* ``schema`` – every table and key, with its default and a line of explanation; nothing else knows a key.
* ``load`` – from text, file and environment to a :class:`Config`, strictly.
* ``reference`` – ``etc/pam.toml``, written from the schema (``python -m gateway.config`` prints it).
* ``gaps`` – what is configured and not done yet by this version, in words.

The rule: an unknown key, a wrong type or a malformed value is an error with line, column and the nearest key.
"""

from gateway.config.gaps import gaps
from gateway.config.load import ConfigError, load, parse
from gateway.config.reference import reference
from gateway.config.schema import KEYS, Config

__all__ = ["KEYS", "Config", "ConfigError", "gaps", "load", "parse", "reference"]
