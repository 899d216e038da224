"""Shell code, read: which programs a line runs, with which words, and what of it can not be known.

May be here: the grammar of shells, tables of programs that run others, the state that lines leave to later ones.
May never be here: rules on what is allowed.
"""

from gateway.domain.shell.line import LONGEST_LINE, read, single
from gateway.domain.shell.reading import MOST_COMMANDS, Reading
from gateway.domain.shell.simple import Simple
from gateway.domain.shell.state import Shell

__all__ = ["LONGEST_LINE", "MOST_COMMANDS", "Reading", "Shell", "Simple", "read", "single"]
