"""Abbreviations that an entry uses without explaining them (Art. 9, item 2)."""

import re
from collections.abc import Iterable

# Two capitals in a row, or letters with dots (U.S.): what a reader may not know. Single capitals are words' beginnings.
_ABBREVIATION = re.compile(r"\b(?:[A-Za-z0-9]*[A-Z]{2,}[A-Za-z0-9]*|(?:[A-Za-z]\.){2,})")


def abbreviations(text: str) -> tuple[str, ...]:
    """What looks abbreviated in a text, each once, in order.

    >>> abbreviations("The FAA's register lists PM2.5 in the U.S. by the EWRs; YAML isn't meant. The A is not.")
    ('FAA', 'PM2', 'U.S.', 'EWRs', 'YAML')
    """
    return tuple(dict.fromkeys(_ABBREVIATION.findall(text)))


def unexplained(text: str, glossary: Iterable[str]) -> tuple[str, ...]:
    """Abbreviations of a text that no word of the glossary explains; a plural is explained by its singular.

    >>> unexplained("EWRs and JFK, in PM2.5", ["EWR", "PM2.5"])
    ('JFK',)
    """
    known = {word for term in glossary for word in (term, *abbreviations(term))}
    return tuple(word for word in abbreviations(text) if word not in known and word.removesuffix("s") not in known)
