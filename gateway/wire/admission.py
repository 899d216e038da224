"""Decide which connections may wait for their login, before anything is made for them.

The rule: only what has not logged in is counted. One address, and one network, can fill its own share and no more, so
it takes several of them to crowd out others; from there on lots are drawn, as OpenSSH's MaxStartups does. Before
anybody is refused for want of room, who has been silent longest makes room. An address that broke off, failed or
dawdled pays in seconds, as OpenSSH's PerSourcePenalties are. Whoever logs in by key earns credit for his address: it
pays for the address's offences first, and what it covers has room of its own.

    asked, in order                                     then
    the address's credit covers one more                admit, in the room of the proven
    the address serves a penalty                        refuse
    the address has as many waiting as one may          replace a silent one of the address, or refuse
    its network has as many waiting as one may          replace a silent one of the network, or refuse
    as many wait in all as may                          replace a silent one, or refuse
    more wait than *begin*, and the lot falls so        replace a silent one, or refuse
    otherwise                                           admit
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import attrs

from gateway.wire.fading import Fading

LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class Parting(enum.Enum):
    """How the waiting of a connection ended."""

    KEY_PROVEN = "logged in by key"
    LOGGED_IN = "logged in"
    NO_LOGIN = "left without trying to log in"
    FAILED = "tried to log in and did not"
    BREACH = "broke the protocol"
    OVERDUE = "not logged in in time"
    CRASH = "made the gateway fail"
    EXCUSED = "ended by the gateway"


@attrs.frozen
class Penalties:
    """Seconds an address pays for each offence; from *least* on they are served, and *most* is what can gather."""

    no_login: float = 1.0
    failed: float = 5.0
    breach: float = 5.0
    overdue: float = 10.0
    crash: float = 90.0
    least: float = 15.0
    most: float = 600.0

    def of(self, parting: Parting) -> float:
        """Return what one end of a waiting costs."""
        return {
            Parting.NO_LOGIN: self.no_login,
            Parting.FAILED: self.failed,
            Parting.BREACH: self.breach,
            Parting.OVERDUE: self.overdue,
            Parting.CRASH: self.crash,
        }.get(parting, 0.0)


@attrs.frozen
class Limits:
    """How many may wait: lots are drawn from *begin* on, with *percent* at first and with certainty at *full*.

    One address and one network (/24, /64) stay below *begin*. *earned* is the credit of one login by key, which fades
    from *most_credit* to nothing in *credit_seconds*; *proven* connections may wait on credit beside the others. Who
    was silent for *patience* seconds may be replaced.
    """

    begin: int = 256
    percent: int = 30
    full: int = 512
    per_source: int = 200
    per_network: int = 240
    proven: int = 400
    earned: float = 4.0
    most_credit: float = 400.0
    credit_seconds: float = 3600.0
    patience: float = 2.0
    remembered: int = 16_384


@attrs.define
class Counters:
    """What was decided since the start."""

    admitted: int = 0
    admitted_on_credit: int = 0
    replaced: int = 0
    refused_penalty: int = 0
    refused_source: int = 0
    refused_network: int = 0
    refused_full: int = 0
    refused_lot: int = 0
    penalties_begun: int = 0


@attrs.frozen
class Place:
    """Where a connection comes from; *blamed* is what pays and earns: an IPv4 address, or an IPv6 /64."""

    source: str
    network: str
    blamed: str
    exempt: bool


def _never() -> bool:
    """Say no, and do nothing."""
    return False


@attrs.define(eq=False)
class Waiting:
    """One connection that has not logged in yet; it is cut when another takes its place, which is until it spoke."""

    place: Place
    on_credit: bool
    since: float
    cut: Callable[[], object] = _never
    has_spoken: Callable[[], bool] = _never
    over: bool = False


@attrs.define(eq=False, repr=False)
class Admission:
    """Weigh every arrival; *lot* draws from [0, 1), *now* is monotonic seconds, *exempt* networks pay no penalty."""

    now: Callable[[], float]
    lot: Callable[[], float]
    limits: Limits = Limits()
    penalties: Penalties = Penalties()
    exempt: tuple[IPv4Network | IPv6Network, ...] = LOOPBACK
    counters: Counters = attrs.field(init=False, factory=Counters)
    _owed: Fading = attrs.field(init=False)
    _credit: Fading = attrs.field(init=False)
    _common: dict[str, int] = attrs.field(init=False, factory=dict)
    _proven: dict[str, int] = attrs.field(init=False, factory=dict)
    _silent: dict[Waiting, None] = attrs.field(init=False, factory=dict)
    _common_total: int = attrs.field(init=False, default=0)
    _proven_total: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        limits = self.limits
        self._owed = Fading(self.now, self.penalties.most, remembered=limits.remembered)
        rate = limits.most_credit / limits.credit_seconds
        self._credit = Fading(self.now, limits.most_credit, rate, remembered=limits.remembered)

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        return self._common_total + self._proven_total

    @property
    def remembered(self) -> int:
        """Return how many addresses and networks something is known of."""
        return len(self._owed) + len(self._credit) + len(self._common) + len(self._proven)

    def arrive(self, address: str) -> Waiting | None:
        """Take one more connection from an address, or refuse it."""
        place = locate(address, self.exempt)
        if self._is_covered(place):
            self.counters.admitted_on_credit += 1
            self._proven_total += 1
            _count(self._proven, place.blamed, 1)
            return Waiting(place, True, self.now())
        if self._is_refused(place):
            return None
        self.counters.admitted += 1
        self._common_total += 1
        _count(self._common, place.source, 1)
        _count(self._common, place.network, 1)
        waiting = Waiting(place, False, self.now())
        self._silent[waiting] = None
        return waiting

    def part(self, waiting: Waiting, parting: Parting) -> None:
        """End a waiting, with what it earns or costs; the first end counts."""
        if waiting.over:
            return
        waiting.over = True
        self._silent.pop(waiting, None)
        place = waiting.place
        if waiting.on_credit:
            self._proven_total -= 1
            _count(self._proven, place.blamed, -1)
        else:
            self._common_total -= 1
            _count(self._common, place.source, -1)
            _count(self._common, place.network, -1)
        if parting is Parting.KEY_PROVEN:
            self._credit.add(place.blamed, self.limits.earned)
        elif not place.exempt:
            self._charge(place.blamed, self.penalties.of(parting))

    def serves(self, address: str) -> bool:
        """Say whether an address serves a penalty."""
        place = locate(address, self.exempt)
        return not place.exempt and self._serves(place.blamed)

    def credit(self, address: str) -> float:
        """Return the credit of an address."""
        return self._credit.level(locate(address, self.exempt).blamed)

    def _is_covered(self, place: Place) -> bool:
        if self._proven_total >= self.limits.proven:
            return False
        return self._credit.level(place.blamed) >= self._proven.get(place.blamed, 0) + 1

    def _is_refused(self, place: Place) -> bool:
        limits, counters = self.limits, self.counters
        if not place.exempt and self._serves(place.blamed):
            counters.refused_penalty += 1
        elif self._common.get(place.source, 0) >= limits.per_source and not self._replace(source=place.source):
            counters.refused_source += 1
        elif self._common.get(place.network, 0) >= limits.per_network and not self._replace(network=place.network):
            counters.refused_network += 1
        elif self._common_total >= limits.full and not self._replace():
            counters.refused_full += 1
        elif self._lot_falls() and not self._replace():
            counters.refused_lot += 1
        else:
            return False
        return True

    def _replace(self, source: str = "", network: str = "") -> bool:
        """Cut who has been silent longest, at an address, in a network or anywhere; say whether there was one."""
        latest = self.now() - self.limits.patience
        for each in tuple(self._silent):
            if each.since > latest:
                return False
            if each.has_spoken():
                del self._silent[each]
            elif source in ("", each.place.source) and network in ("", each.place.network):
                self.counters.replaced += 1
                self.part(each, Parting.NO_LOGIN)
                each.cut()
                return True
        return False

    def _lot_falls(self) -> bool:
        limits = self.limits
        beyond = self._common_total - limits.begin
        if beyond < 0:
            return False
        chance = limits.percent + (100 - limits.percent) * beyond / max(limits.full - limits.begin, 1)
        return self.lot() * 100 < chance

    def _serves(self, blamed: str) -> bool:
        # What was too much once is served to its end, so that nobody waits at the edge.
        return self._owed.peak(blamed) >= self.penalties.least

    def _charge(self, blamed: str, seconds: float) -> None:
        if seconds <= 0:
            return
        served = self._serves(blamed)
        owed = seconds - self._credit.take(blamed, seconds)
        if owed > 0:
            self._owed.add(blamed, owed)
        self.counters.penalties_begun += not served and self._serves(blamed)


def locate(address: str, exempt: tuple[IPv4Network | IPv6Network, ...] = LOOPBACK) -> Place:
    """Read an address; what is none (a UNIX socket's end) is this machine."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return Place("local", "local/", "local", exempt=True)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    source = str(found)
    network = str(ip_network((found, 24 if found.version == 4 else 64), strict=False))
    blamed = source if found.version == 4 else network
    return Place(source, network, blamed, any(found in each for each in exempt if each.version == found.version))


def _count(counts: dict[str, int], key: str, change: int) -> None:
    now = counts.get(key, 0) + change
    if now > 0:
        counts[key] = now
    else:
        counts.pop(key, None)
