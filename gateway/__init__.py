"""Ostiary: a privileged-session gateway.

The way of an operator's bytes::

    ssh client -> wire -> ssh.login -> Grant (frozen policy) -> ssh.operator
                                                                    |
       target sshd <- ssh.target <- ssh.junction <-- Flow: gates, then taps <-- ssh.channel

The rooms, from the ground up; an import may only go down::

    0  domain       values, rules and machines: no I/O, no clock, no randomness
    1  interfaces   every seam, documented
    2  wire journal directory vault archive siem inspectors cluster plugins runtime
    3  ssh admin    the operators' door, the admins' doors
    4  config       pam.toml as one frozen value
    5  node         the only module that knows every room;  testing: doubles for plugin authors
"""
