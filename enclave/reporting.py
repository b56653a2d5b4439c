"""The room's lines for its operator: one JSON object each on stderr, plain facts, never values, SQL or locals.

An exception is told by its class and the places in our code that it came through; its text may hold values of rows.
"""

import logging
import sys
import traceback
from pathlib import Path

import structlog

OURS = Path(__file__).resolve().parent.parent


def configure() -> None:
    """Once a process, at its start."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def places(error: BaseException) -> list[str]:
    """The lines of our own code that an exception came through, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).relative_to(OURS)}:{frame.lineno}" for frame in frames if _is_ours(frame.filename)]


def _is_ours(filename: str) -> bool:
    path = Path(filename)
    return path.is_relative_to(OURS) and ".venv" not in path.parts
