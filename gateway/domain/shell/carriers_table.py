"""Programs some of whose options carry commands.

A row says which letters and long names take a value, and which of them carry a command.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Carrier:
    """One row; ``escapes`` where an argument may leave the program by ``!`` or the like."""

    letters: str = ""
    long: tuple[str, ...] = ()
    coded: tuple[str, ...] = ()
    escapes: bool = False
    settings: tuple[str, ...] = ("o", "option", "c", "e", "rsh", "exec", "checkpoint-action", "x", "extcmd")
    """Of those, the ones whose command may stand behind a setting's name."""


CARRIERS: dict[str, Carrier] = {
    "tar": Carrier(
        "CfIFTXbHLgKNV",
        (
            "to-command",
            "use-compress-program",
            "info-script",
            "new-volume-script",
            "rsh-command",
            "rmt-command",
            "checkpoint-action",
            "file",
            "directory",
            "exclude",
            "transform",
        ),
        (
            "I",
            "F",
            "to-command",
            "use-compress-program",
            "info-script",
            "new-volume-script",
            "rsh-command",
            "checkpoint-action",
        ),
    ),
    "rsync": Carrier("efBMTo", ("rsh", "rsync-path"), ("e", "rsh", "rsync-path")),
    "scp": Carrier("SFiPlcoJDX", (), ("S", "o")),
    "sftp": Carrier("SFiPlcoJDXbBRs", (), ("S", "o")),
    "ssh": Carrier("BbcDEeFIiJLlmOoPpQRSWw", (), ("o",)),
    "git": Carrier(
        "cCxO",
        (
            "exec",
            "upload-pack",
            "receive-pack",
            "extcmd",
            "config-env",
            "tree-filter",
            "index-filter",
            "msg-filter",
            "env-filter",
            "commit-filter",
        ),
        (
            "x",
            "c",
            "O",
            "exec",
            "upload-pack",
            "receive-pack",
            "extcmd",
            "tree-filter",
            "index-filter",
            "msg-filter",
            "env-filter",
            "commit-filter",
        ),
    ),
    "man": Carrier("PHCLmMSserE", ("pager", "html"), ("P", "pager", "H", "html"), True),
    "less": Carrier(escapes=True),
    "more": Carrier(escapes=True),
    "vi": Carrier("cSTuUwWsrt", ("cmd",), escapes=True),
    "vim": Carrier("cSTuUwWsrt", ("cmd",), escapes=True),
    "nvim": Carrier("cSTuUwWsrtl", ("cmd",), escapes=True),
    "view": Carrier("cSTuUwWsrt", ("cmd",), escapes=True),
    "ex": Carrier("cSTuUwWsrt", ("cmd",), escapes=True),
    "vimdiff": Carrier("c", ("cmd",), escapes=True),
    "mysql": Carrier("euhPDS", ("execute",), escapes=True),
    "mariadb": Carrier("euhPDS", ("execute",), escapes=True),
    "psql": Carrier("cdfhpUvo", ("command",), escapes=True),
    "sqlite3": Carrier("", ("cmd",), escapes=True),
    "gdb": Carrier("xps", ("ex", "eval-command", "iex", "init-eval-command", "command"), escapes=True),
    "ftp": Carrier(escapes=True),
    "lftp": Carrier("efcups", (), escapes=True),
    "ed": Carrier(escapes=True),
    "zip": Carrier("btP", ("unzip-command",), ("TT", "unzip-command")),
    "make": Carrier("CfIjloW", ("eval", "file", "makefile", "directory"), (), True),
    "gmake": Carrier("CfIjloW", ("eval", "file", "makefile", "directory"), (), True),
    "nc": Carrier("ecgGiIMmOPpqsTVWwXx", ("exec", "sh-exec"), ("e", "c", "exec", "sh-exec")),
    "ncat": Carrier("ecgGimpsw", ("exec", "sh-exec", "lua-exec"), ("e", "c", "exec", "sh-exec")),
    "netcat": Carrier("ecgGiIMmOPpqsTVWwXx", ("exec", "sh-exec"), ("e", "c")),
    "socat": Carrier(escapes=True),
    "sed": Carrier("efil", ("expression", "file"), escapes=True),
    "split": Carrier("abCln", ("filter",), ("filter",)),
    "sort": Carrier("kotST", ("compress-program",), ("compress-program",)),
    "rpm": Carrier("Ee", ("eval", "pipe"), ("pipe",)),
    "tcpdump": Carrier("BcCDEFGijMrsTVwWyzZ", (), ("z",)),
    "logrotate": Carrier("sml", ("mail",), ("m", "mail")),
    "mail": Carrier("sacbrqE", (), (), True),
    "mutt": Carrier("eFs", (), (), True),
    "dpkg": Carrier("", ("pre-invoke",), ("pre-invoke",)),
    "apt": Carrier("oct", ("option",), ("o", "option")),
    "apt-get": Carrier("oct", ("option",), ("o", "option")),
    "pip": Carrier("", ("editor",), ("editor",)),
    "wget": Carrier("oOPe", ("use-askpass",), ("use-askpass",)),
    "mount": Carrier(),
    "expect": Carrier("cf", (), (), True),
    "journalctl": Carrier(),
    "ansible": Carrier("amiuef", ("args", "module-name"), ("a", "args")),
    "salt": Carrier(),
    "pkill": Carrier(),
    "openvpn": Carrier("", ("up", "down", "script-security"), ("up", "down")),
    "ssh-keygen": Carrier("D"),
    "watchexec": Carrier("ews", ("exts", "watch"), ()),
    "nmap": Carrier(),
    "crash": Carrier(),
    "complete": Carrier("oAGWFCXPS", (), ("C",)),
    "compgen": Carrier("oAGWFCXPS", (), ("C",)),
    "mapfile": Carrier("dnOsuCc", (), ("C",)),
    "readarray": Carrier("dnOsuCc", (), ("C",)),
    "nano": Carrier("sfoQTY", ("speller",), ("s", "speller")),
    "lldb": Carrier("oObsSk", ("one-line",), escapes=True),
    "bc": Carrier(escapes=True),
    "dc": Carrier("ef", ("expression",), escapes=True),
    "emacs": Carrier("", ("eval", "execute"), (), True),
}
"""Rows by base name."""
