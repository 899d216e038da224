"""The hours of a grant: ``Mon-Fri 07:00-19:00 Europe/Lisbon``, several parted by ``;``.

The rule: days default to every day, the zone to UTC; an end at or before its start lies on the next day;
``24:00`` is the end of a day. Hours are local: a day on which clocks change is shorter or longer, as people expect.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo

import attrs

from gateway.domain.grant import ALWAYS, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

SPAN = re.compile(
    r"(?:(?P<days>[A-Za-z,-]+)\s+)?(?P<h1>\d\d):(?P<m1>\d\d)-(?P<h2>\d\d):(?P<m2>\d\d)(?:\s+(?P<zone>\S+))?"
)
LONGEST = 1024
LOOK_AHEAD = 9
"""Days that are looked at: hours without a gap in so many days never close."""


@attrs.frozen
class Span:
    """One span of hours on some days of the week (0 is Monday); minutes of the day, ``end`` past 1440 is tomorrow."""

    days: frozenset[int]
    start: int
    end: int
    zone: zoneinfo.ZoneInfo

    def on(self, day: datetime.date) -> tuple[float, float] | None:
        """Return the span of one local day as two times since the epoch, None where it is closed."""
        if day.weekday() not in self.days:
            return None
        return self._epoch(day, self.start), self._epoch(day, self.end)

    def _epoch(self, day: datetime.date, minutes: int) -> float:
        extra, minute = divmod(minutes, 1440)
        moment = datetime.datetime.combine(day, datetime.time(minute // 60, minute % 60), self.zone)
        return (moment + datetime.timedelta(days=extra)).timestamp()


def read_hours(text: str) -> tuple[Span, ...]:
    """Parse hours; raise ValueError in words. An empty text is always open and gives no span."""
    if len(text) > LONGEST:
        raise ValueError(f"hours have at most {LONGEST} characters")
    return tuple(_span(part.strip()) for part in text.split(";")) if text.strip() else ()


def window(spans: tuple[Span, ...], now: float) -> Window:
    """Say whether the hours are open at a moment, and when they close."""
    if not spans:
        return ALWAYS
    closes = now
    opened = sorted(_around(spans, now))
    for start, end in opened:
        if start <= closes < end:
            closes = end
    if closes == now:
        return Window(open=False)
    return Window(open=True, closes=closes if closes < now + (LOOK_AHEAD - 1) * 86_400 else None)


def _around(spans: tuple[Span, ...], now: float) -> list[tuple[float, float]]:
    found = []
    for span in spans:
        today = datetime.datetime.fromtimestamp(now, span.zone).date()
        days = (today + datetime.timedelta(days=ahead) for ahead in range(-2, LOOK_AHEAD + 1))
        found += [both for day in days if (both := span.on(day)) is not None]
    return found


def _span(text: str) -> Span:
    found = SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not like 'Mon-Fri 07:00-19:00 Europe/Lisbon'")
    start, end = _minutes(found["h1"], found["m1"]), _minutes(found["h2"], found["m2"])
    if start == 1440:
        raise ValueError("hours can not start at 24:00")
    return Span(_days(found["days"]), start, end if end > start else end + 1440, _zone(found["zone"] or "UTC"))


def _minutes(hour: str, minute: str) -> int:
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > 1440:
        raise ValueError(f"there is no time {hour}:{minute}")
    return total


def _days(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        begin, end = _day(first), _day(last) if dash else _day(first)
        found.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(found)


def _day(word: str) -> int:
    if word.lower() not in DAYS:
        raise ValueError(f"{word!r} is no day; days are Mon Tue Wed Thu Fri Sat Sun")
    return DAYS.index(word.lower())


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise ValueError(f"there is no time zone {name!r} on this machine") from problem
