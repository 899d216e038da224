"""Programs that run another program: where in their words it stands.

A row says which short letters and long names of options take a value, how many words come before the command, whether
assignments may stand there, and what the command is: words (``argv``) or shell text (``text``). ``coded`` options
carry shell text themselves; with one of ``shells`` the rest, if any, is given to a shell, else a shell is started.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Wrapper:
    """One row."""

    letters: str = ""
    long: tuple[str, ...] = ()
    skip: int = 0
    kind: str = "argv"
    assigns: bool = False
    coded: tuple[str, ...] = ()
    shells: tuple[str, ...] = ()
    bare: bool = False
    """Whether it starts a shell when no command follows."""
    permutes: bool = False
    """Whether options may stand behind the first word too."""
    loose: bool = False
    """Whether the words before the command may be left out."""


SHELLS = frozenset({
    "sh", "bash", "dash", "zsh", "ksh", "ksh93", "mksh", "lksh", "pdksh", "ash", "rbash", "rksh", "rzsh", "fish",
    "csh", "tcsh", "yash", "posh", "oksh", "loksh", "bash5", "hush", "elvish", "xonsh", "nu", "static-sh", "sash",
    "-bash", "-sh", "-zsh",
})  # fmt: skip
"""Programs that read shell code: from ``-c``, from a file, or from their input."""

WRAPPERS: dict[str, Wrapper] = {
    "sudo": Wrapper(
        "ugpCrtTRDhUac",
        (
            "user",
            "group",
            "prompt",
            "close-from",
            "role",
            "type",
            "command-timeout",
            "chroot",
            "chdir",
            "host",
            "other-user",
            "auth-type",
            "login-class",
        ),
        assigns=True,
        shells=("s", "i", "shell", "login"),
    ),
    "sudo-rs": Wrapper("ugpCrtTRDhU", ("user", "group", "chroot", "chdir"), assigns=True, shells=("s", "i", "shell")),
    "doas": Wrapper("uCa", assigns=True, shells=("s",)),
    "pkexec": Wrapper("", ("user",), bare=True),
    "run0": Wrapper("ug", ("user", "group", "nice", "chdir", "setenv", "unit", "property"), bare=True),
    "env": Wrapper(
        "uCSaP",
        ("unset", "chdir", "split-string", "argv0"),
        assigns=True,
        coded=("S", "split-string"),
    ),
    "nohup": Wrapper(),
    "nice": Wrapper("n", ("adjustment",)),
    "ionice": Wrapper("cn", ("class", "classdata")),
    "chrt": Wrapper("TPD", ("sched-runtime", "sched-period", "sched-deadline"), skip=1),
    "taskset": Wrapper(skip=1),
    "numactl": Wrapper("NCmipPlw", ("cpunodebind", "physcpubind", "membind", "interleave", "preferred")),
    "timeout": Wrapper("ks", ("kill-after", "signal"), skip=1),
    "gtimeout": Wrapper("ks", ("kill-after", "signal"), skip=1),
    "timelimit": Wrapper("tTsSp"),
    "time": Wrapper("fo", ("format", "output")),
    "stdbuf": Wrapper("ioe", ("input", "output", "error")),
    "unbuffer": Wrapper(),
    "setsid": Wrapper(),
    "setarch": Wrapper(skip=1, loose=True),
    "linux32": Wrapper(),
    "linux64": Wrapper(),
    "i386": Wrapper(),
    "setpriv": Wrapper(
        "",
        (
            "reuid",
            "regid",
            "groups",
            "inh-caps",
            "ambient-caps",
            "bounding-set",
            "securebits",
            "pdeathsig",
            "selinux-label",
            "apparmor-profile",
        ),
    ),
    "setuidgid": Wrapper(skip=1),
    "chpst": Wrapper("ubenmdofpcrtl/"),
    "gosu": Wrapper(skip=1),
    "su-exec": Wrapper(skip=1),
    "chroot": Wrapper("", ("userspec", "groups"), skip=1, bare=True),
    "unshare": Wrapper(
        "SGRwl", ("setuid", "setgid", "root", "wd", "setgroups", "map-user", "map-group", "propagation"), bare=True
    ),
    "nsenter": Wrapper("tSGlWN", ("target", "setuid", "setgid"), bare=True),
    "ip-netns-exec": Wrapper(skip=1),
    "cgexec": Wrapper("g"),
    "prlimit": Wrapper("po", ("pid", "output")),
    "systemd-run": Wrapper(
        "puEMHtC",
        (
            "property",
            "unit",
            "description",
            "slice",
            "setenv",
            "uid",
            "gid",
            "nice",
            "working-directory",
            "machine",
            "host",
            "service-type",
            "on-active",
            "on-boot",
            "on-calendar",
            "timer-property",
            "background",
        ),
        shells=("S", "shell"),
    ),
    "systemd-inhibit": Wrapper("", ("what", "who", "why", "mode")),
    "systemd-cat": Wrapper("tp", ("identifier", "priority", "stderr-priority")),
    "dbus-run-session": Wrapper("", ("config-file", "dbus-daemon")),
    "dbus-launch": Wrapper(),
    "xvfb-run": Wrapper("efnpsw", ("error-file", "auth-file", "server-num", "server-args", "wait")),
    "fakeroot": Wrapper("lsibu", bare=True),
    "fakechroot": Wrapper("sde", bare=True),
    "eatmydata": Wrapper(),
    "faketime": Wrapper("f", skip=1),
    "rlwrap": Wrapper("bCDefgHhlOPpSstz"),
    "ltrace": Wrapper("aAeFlnopsuxX", ("output",)),
    "strace": Wrapper("aebEIoOpPsSuUX", ("output", "attach", "env", "user", "trace")),
    "valgrind": Wrapper(),
    "catchsegv": Wrapper(),
    "perf-stat": Wrapper("eoprx"),
    "tsocks": Wrapper(),
    "torsocks": Wrapper(),
    "torify": Wrapper(),
    "proxychains": Wrapper("f"),
    "proxychains4": Wrapper("f"),
    "agetty-run": Wrapper(),
    "daemonize": Wrapper("acelopuE"),
    "daemon": Wrapper("nuUFNPXa"),
    "chronic": Wrapper(),
    "caffeinate": Wrapper("tw"),
    "ssh-agent": Wrapper("aEPt"),
    "aa-exec": Wrapper("pn", ("profile", "namespace")),
    "runcon": Wrapper("turl", ("type", "user", "role", "range"), skip=1),
    "capsh": Wrapper(),
    "nocorrect": Wrapper(),
    "noglob": Wrapper(),
    "-": Wrapper(),
    "not": Wrapper(),
    "and": Wrapper(),
    "or": Wrapper(),
    "begin": Wrapper(),
    "repeat": Wrapper(skip=1),
    "coproc": Wrapper(),
    "busybox": Wrapper(),
    "toybox": Wrapper(),
    "builtin": Wrapper(),
    "watch": Wrapper("nqs", ("interval", "equexit"), kind="text"),
    "hyperfine": Wrapper(
        "wmrsplcCN",
        ("warmup", "runs", "setup", "prepare", "cleanup", "conclude", "shell", "export-json"),
        kind="each",
        coded=("p", "s", "c", "prepare", "setup", "cleanup"),
        permutes=True,
    ),
    "entr": Wrapper(),
    "script": Wrapper(
        "cITOBmEo",
        ("command", "log-in", "log-out", "log-timing", "log-io", "echo", "output-limit"),
        kind="none",
        coded=("c", "command"),
        permutes=True,
    ),
    "scriptlive": Wrapper("cTIBmtd", ("command",), kind="none", coded=("c", "command"), permutes=True),
    "flock": Wrapper("wEc", ("timeout", "wait", "conflict-exit-code", "command"), skip=1, coded=("c", "command")),
    "su": Wrapper(
        "cgGswT",
        ("command", "group", "supp-group", "shell", "whitelist-environment", "session-command"),
        kind="shell",
        coded=("c", "command", "session-command"),
        bare=True,
        permutes=True,
    ),
    "runuser": Wrapper(
        "cgGswTu",
        ("command", "group", "supp-group", "shell", "session-command", "user"),
        kind="shell",
        coded=("c", "command", "session-command"),
        bare=True,
        permutes=False,
    ),
    "sg": Wrapper("c", skip=1, kind="text", coded=("c",), bare=True, permutes=True),
    "newgrp": Wrapper("c", kind="none", coded=("c",), bare=True, permutes=True),
    "ssh": Wrapper("BbcDEeFIiJLlmOoPpQRSWw", skip=1, kind="text"),
    "slogin": Wrapper("BbcDEeFIiJLlmOoPpQRSWw", skip=1, kind="text"),
    "rsh": Wrapper("l", skip=1, kind="text"),
    "mosh": Wrapper("p", ("ssh", "port", "server", "client", "predict"), skip=1),
    "dsh": Wrapper("mgfFo", kind="text"),
    "pdsh": Wrapper("wxgltuf", kind="text"),
    "sshpass": Wrapper("pfdP"),
    "docker-exec": Wrapper("uewn", ("user", "env", "workdir", "env-file", "detach-keys"), skip=1),
    "docker-run": Wrapper(
        "uewvphlmac",
        (
            "user",
            "env",
            "workdir",
            "volume",
            "name",
            "publish",
            "network",
            "mount",
            "entrypoint",
            "hostname",
            "label",
            "env-file",
            "cpus",
            "memory",
            "device",
            "restart",
            "platform",
            "pull",
            "cap-add",
            "cap-drop",
            "security-opt",
            "add-host",
            "dns",
            "link",
            "log-driver",
            "log-opt",
            "pid",
            "ipc",
            "userns",
            "ulimit",
            "tmpfs",
            "runtime",
            "gpus",
            "shm-size",
            "stop-signal",
            "volumes-from",
            "attach",
            "cidfile",
        ),
        skip=1,
    ),
    "kubectl-exec": Wrapper(
        "cnf",
        ("container", "namespace", "filename", "pod-running-timeout", "kubeconfig", "context", "cluster", "user"),
        skip=1,
        permutes=True,
    ),
    "lxc-exec": Wrapper("", ("env", "cwd", "user", "group", "mode"), skip=1),
    "machinectl-shell": Wrapper("", ("uid", "setenv"), skip=1, bare=True),
}
"""Rows by base name; a row ``a-b`` is for ``a`` with the subcommand ``b``."""

SUBCOMMANDS = {
    "docker": (("exec", "docker-exec"), ("run", "docker-run")),
    "podman": (("exec", "docker-exec"), ("run", "docker-run")),
    "nerdctl": (("exec", "docker-exec"), ("run", "docker-run")),
    "docker-compose": (("exec", "docker-exec"), ("run", "docker-run")),
    "podman-compose": (("exec", "docker-exec"), ("run", "docker-run")),
    "kubectl": (("exec", "kubectl-exec"), ("run", "kubectl-exec"), ("debug", "kubectl-exec")),
    "oc": (("exec", "kubectl-exec"), ("rsh", "kubectl-exec"), ("run", "kubectl-exec"), ("debug", "kubectl-exec")),
    "lxc": (("exec", "lxc-exec"),),
    "incus": (("exec", "lxc-exec"),),
    "machinectl": (("shell", "machinectl-shell"),),
    "perf": (("stat", "perf-stat"), ("record", "perf-stat"), ("trace", "perf-stat")),
}
"""Programs whose subcommand, the first word that is no option, runs others."""

KEYWORDS = frozenset({
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "select", "function",
    "{",
    "}", "!", "[[", "]]", "in", "time", "coproc", "foreach", "end", "always",
})  # fmt: skip
"""Reserved words; a line that begins with one has a grammar of its own."""

RESERVED = frozenset({
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "select", "function",
    "{",
    "}", "!",
})  # fmt: skip
"""Reserved words that can be no command; where one is read as such, the grammar was mistaken."""

QUIET = frozenset({
    ":", "true", "false", "cd", "pushd", "popd", "export", "unset", "readonly", "local", "declare", "typeset", "set",
    "shopt", "mkdir", "touch", "chmod", "chown", "cp", "mv", "ln", "rm", "sleep", "wait", "alias", "unalias",
    "exit", "return",
    "test", "[", "read", "let", "trap", "shift", "umask", "hash", "enable", "setopt", "unsetopt", "rmdir",
    "install", "exec",
})  # fmt: skip
"""Programs that write nothing to their output when all goes well."""
