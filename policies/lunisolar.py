"""Festivals of the Chinese calendar, computed from Sun and Moon: Spring Festival, Qingming, Dragon Boat, Mid-Autumn.

Months begin on the day of the new moon in Chinese time (UTC+8), and the winter solstice lies in month 11; of thirteen
months between two solstices, the first without a major solar term is the leap month (GB/T 33661-2017). The series for
Sun (within 0.01 degree, a quarter of an hour) and Moon (within five minutes) are those of Meeus, "Astronomical
Algorithms", 2nd ed. 1998, chapters 25 and 49. They fail where a moment lies closer to midnight than that, as the new
moon of September 2057 does. So these days serve where no published calendar tells better, and are provisional there.
"""

from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from math import floor, radians, sin
from typing import Final

_EPOCH_ORDINAL: Final = date(2000, 1, 1).toordinal()
_EPOCH_JULIAN_DAY: Final = 2451544.5  # 2000-01-01 00:00
_JULIAN_CENTURY: Final = 36525.0
_CHINA: Final = 8 / 24  # ahead of Universal Time, in days
_DELTA_T: Final = 72 / 86400  # Terrestrial minus Universal Time in days: 64 s in 2000, some 80 s in 2050
_SYNODIC_MONTH: Final = 29.530588861

# Meeus, table 49.A: days times the sine of so many M (Sun), M' (Moon), F (latitude), Omega (node); E to the |M|.
_NEW_MOON_TERMS: Final = (
    *((-0.40720, 0, 1, 0, 0), (0.17241, 1, 0, 0, 0), (0.01608, 0, 2, 0, 0), (0.01039, 0, 0, 2, 0)),
    *((0.00739, -1, 1, 0, 0), (-0.00514, 1, 1, 0, 0), (0.00208, 2, 0, 0, 0), (-0.00111, 0, 1, -2, 0)),
    *((-0.00057, 0, 1, 2, 0), (0.00056, 1, 2, 0, 0), (-0.00042, 0, 3, 0, 0), (0.00042, 1, 0, 2, 0)),
    *((0.00038, 1, 0, -2, 0), (-0.00024, -1, 2, 0, 0), (-0.00017, 0, 0, 0, 1), (-0.00007, 2, 1, 0, 0)),
)


def spring_festival(year: int) -> date:
    """The first day of the first month.

    >>> spring_festival(2027)
    datetime.date(2027, 2, 6)
    """
    return _month_start(year, 1)


def qingming(year: int) -> date:
    """The day on which the Sun's apparent longitude reaches 15 degrees."""
    day = date(year, 4, 3)
    while _longitude(day + timedelta(days=1)) < 15:
        day += timedelta(days=1)
    return day


def dragon_boat(year: int) -> date:
    """The fifth day of the fifth month."""
    return _month_start(year, 5) + timedelta(days=4)


def mid_autumn(year: int) -> date:
    """The fifteenth day of the eighth month."""
    return _month_start(year, 8) + timedelta(days=14)


@lru_cache(maxsize=64)
def _month_start(year: int, month: int) -> date:
    """The first day of a month (1 to 10) of the year that begins at the Spring Festival of `year`; no leap month."""
    first, last = _eleventh_month(year - 1), _eleventh_month(year)
    starts = [first]
    while starts[-1] < last:
        starts.append(_next_month(starts[-1]))
    # The months from 11 of last year on; `starts` also holds the next month 11.
    plain = starts[:-1]
    if len(plain) == 13:
        leap = next(index for index, pair in enumerate(pairwise(starts)) if not _holds_major_term(*pair))
        del plain[leap]
    return plain[month + 1]


def _eleventh_month(year: int) -> date:
    """The first day of the month that holds the winter solstice."""
    solstice = date(year, 12, 20)
    while _longitude(solstice + timedelta(days=1)) < 270:
        solstice += timedelta(days=1)
    return _last_new_moon(solstice)


def _last_new_moon(day: date) -> date:
    """The newest day of a new moon that is not after `day`."""
    number = floor((day.toordinal() - _EPOCH_ORDINAL) / _SYNODIC_MONTH) + 1
    while (found := _new_moon(number)) > day:
        number -= 1
    return found


def _next_month(start: date) -> date:
    return _last_new_moon(start + timedelta(days=31))


def _holds_major_term(start: date, end: date) -> bool:
    """Whether the Sun passes a multiple of 30 degrees from the first moment of `start` until that of `end`."""
    return floor(_longitude(start) / 30) != floor(_longitude(end) / 30)


def _new_moon(number: int) -> date:
    """The day, in Chinese time, of a new moon; number 0 is that of 6 January 2000 (Meeus, chapter 49)."""
    k = float(number)
    t = k / 1236.85
    moment = 2451550.09766 + _SYNODIC_MONTH * k + 0.00015437 * t**2
    sun = 2.5534 + 29.10535670 * k - 0.0000014 * t**2
    moon = 201.5643 + 385.81693528 * k + 0.0107582 * t**2
    latitude = 160.7108 + 390.67050284 * k - 0.0016118 * t**2
    node = 124.7746 - 1.56375588 * k + 0.0020672 * t**2
    eccentricity = 1 - 0.002516 * t
    for size, suns, moons, latitudes, nodes in _NEW_MOON_TERMS:
        angle = radians(suns * sun + moons * moon + latitudes * latitude + nodes * node)
        moment += size * eccentricity ** abs(suns) * sin(angle)
    return date.fromordinal(_EPOCH_ORDINAL + floor(moment - _DELTA_T + _CHINA - _EPOCH_JULIAN_DAY))


def _longitude(day: date) -> float:
    """The Sun's apparent longitude in degrees, at 0:00 of a day in Chinese time (Meeus, chapter 25)."""
    julian_day = _EPOCH_JULIAN_DAY + (day.toordinal() - _EPOCH_ORDINAL) - _CHINA + _DELTA_T
    t = (julian_day - 2451545.0) / _JULIAN_CENTURY
    anomaly = radians(357.52911 + 35999.05029 * t)
    center = (1.914602 - 0.004817 * t) * sin(anomaly) + 0.019993 * sin(2 * anomaly) + 0.000289 * sin(3 * anomaly)
    node = radians(125.04 - 1934.136 * t)
    mean = 280.46646 + 36000.76983 * t + 0.0003032 * t**2
    return (mean + center - 0.00569 - 0.00478 * sin(node)) % 360
