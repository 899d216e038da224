"""Make ``twistd -n pam`` known; the gateway itself is imported only when it is chosen."""

from twisted.application.service import ServiceMaker

pam = ServiceMaker("Ostiary", "gateway.node", "A privileged-session gateway over SSH.", "pam")
