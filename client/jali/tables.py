"""Tables for a terminal (rich) and a notebook (HTML). Cells are foreign text: never markup, never escape codes."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from io import StringIO
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

MOST_ROWS = 60
_WIDEST = 160


@dataclass(frozen=True)
class Sheet:
    """Headers, rows of text cells, which columns are numbers, lines below, and what stands above."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    is_number: Sequence[bool] = ()
    footer: Sequence[str] = field(default=())
    title: str = ""

    @property
    def shown(self) -> Sequence[Sequence[str]]:
        """The rows that fit on a page."""
        return self.rows[:MOST_ROWS]

    @property
    def lines_below(self) -> list[str]:
        """The footer, after a word about rows that are not shown."""
        more = len(self.rows) - MOST_ROWS
        return [*([f"... {more} more rows"] if more > 0 else []), *self.footer]


def number(value: Any) -> str:
    """A value as text: numbers with thousands marks, nothing for NULL.

    >>> number(1234567), number(1234.5), number(None), number("JFK")
    ('1,234,567', '1,234.5', 'NULL', 'JFK')
    """
    if value is None:
        return "NULL"
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def with_interval(value: Any, ends: tuple[float, float] | None) -> str:
    """A noisy value with its interval: `a ± b`, or `a (from .. to)` where the two sides differ.

    >>> with_interval(120, (115.0, 125.0)), with_interval(3, (0.0, 10.0))
    ('120 ± 5', '3 (0 .. 10)')
    """
    if ends is None or value is None:
        return number(value)
    below, above = float(value) - ends[0], ends[1] - float(value)
    if abs(below - above) <= 0.02 * max(below + above, 1e-300):
        return f"{number(value)} {with_width(max(below, above))}"
    return f"{number(value)} ({_short(ends[0], ROUND_FLOOR)} .. {_short(ends[1], ROUND_CEILING)})"


def with_width(width: float) -> str:
    """A half-width alone.

    >>> with_width(12), with_width(1234.1), with_width(0.1), with_width(0.0123411)
    ('± 12', '± 1,235', '± 0.100', '± 0.0124')
    """
    return f"± {_short(width, ROUND_CEILING)}"


def as_rich(*sheets: Sheet) -> Group:
    """The sheets for rich, below each other."""
    return Group(*(_rich(sheet) for sheet in sheets))


def _rich(sheet: Sheet) -> Group:
    table = Table()
    for place, header in enumerate(sheet.headers):
        is_number = place < len(sheet.is_number) and sheet.is_number[place]
        table.add_column(_text(header), justify="right" if is_number else "left", overflow="fold")
    for row in sheet.shown:
        table.add_row(*(_text(cell) for cell in row))
    above = [_text(sheet.title)] if sheet.title else []
    shown = [table] if sheet.headers else []
    return Group(*above, *shown, *(_text(line) for line in sheet.lines_below))


def as_text(*sheets: Sheet) -> str:
    """The sheets as plain text, for `repr` and pipes."""
    console = Console(file=StringIO(), width=_WIDEST, no_color=True, force_terminal=False)
    with console.capture() as capture:
        console.print(as_rich(*sheets))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def as_html(*sheets: Sheet) -> str:
    """The sheets for a notebook, below each other."""
    return "".join(map(_html, sheets))


def _html(sheet: Sheet) -> str:
    above = f"<div>{html.escape(sheet.title)}</div>" if sheet.title else ""
    head = "".join(f"<th>{html.escape(header)}</th>" for header in sheet.headers)
    body = "".join(f"<tr>{_html_cells(sheet, row)}</tr>" for row in sheet.shown)
    below = "".join(f"<div>{html.escape(line)}</div>" for line in sheet.lines_below)
    return f"<div>{above}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><small>{below}</small></div>"


def _html_cells(sheet: Sheet, row: Sequence[str]) -> str:
    sides = ["right" if number else "left" for number in sheet.is_number] or ["left"] * len(row)
    return "".join(
        f'<td style="text-align:{side}">{html.escape(cell)}</td>' for side, cell in zip(sides, row, strict=True)
    )


def _text(content: str) -> Text:
    return Text("".join(sign if sign.isprintable() else "\ufffd" for sign in content))


def _short(value: float, rounding: str) -> str:
    """Three significant digits, whole numbers in full; rounded outwards: no interval looks narrower than it is."""
    if not math.isfinite(value):
        return f"{value:g}"
    exact = Decimal(repr(float(value)))
    digits = max(0, 2 - exact.adjusted()) if exact else 0
    shown = exact.quantize(Decimal(1).scaleb(-digits), rounding, Context(prec=400))
    return f"{shown:,.0f}" if shown == int(shown) else f"{shown:,f}"
