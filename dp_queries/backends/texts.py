"""SQL's LIKE, without escapes, in time proportional to text times pattern, whatever they hold.

DuckDB's own LIKE goes back as often as there are wildcards: on one person's text it can take seconds, and a slot that
is missed because of one row is an exact answer about it (ATTACKS 8, 32). So the engine gets a regular expression, which
RE2 matches in linear time (Cox, "Regular Expression Matching in the Wild", 2010).
"""


def like(text: str, pattern: str) -> bool:
    """Whether `text` matches: % is any run of characters, _ one character, case and everything else count.

    Greedy matching with one place to go back to (the last %), after Krauss, "Matching Wildcards", 2008.

    >>> like("a%c", "a_c"), like("abc", "A%"), like("aXbXc", "a%b%c")
    (True, False, True)
    """
    at, here, last, resumed = 0, 0, -1, 0
    while at < len(text):
        if here < len(pattern) and pattern[here] == "%":
            last, resumed, here = here, at, here + 1
        elif here < len(pattern) and pattern[here] in ("_", text[at]):
            at, here = at + 1, here + 1
        elif last >= 0:
            resumed += 1
            at, here = resumed, last + 1
        else:
            return False
    return all(character == "%" for character in pattern[here:])


def as_regular_expression(pattern: str) -> str:
    """The pattern for RE2's full match with the option "s" (a dot is any character, line ends too).

    >>> as_regular_expression("100_%")
    '100..*'
    >>> as_regular_expression("a.b")
    'a[.]b'
    """
    return "".join(_PIECES.get(character, _literally(character)) for character in pattern)


_PIECES = {"%": ".*", "_": "."}


def _literally(character: str) -> str:
    if character.isalnum() or not character.isascii() or character.isspace():
        return character
    return f"\\{character}" if character in "^\\" else f"[{character}]"


# The engine maps a character to one character, by Unicode's simple mappings. Python's mappings may be several
# characters; of those it is the title case that is the simple upper case, and two characters are the engine's own.
_LOWER = {"İ": "i"}
_UPPER = {"ß": "ẞ"}


def lowered(text: str) -> str:
    """The text in lower case, character by character, as the engine's lower() gives it.

    >>> lowered("ΑΣ İSS")
    'ασ iss'
    """
    return "".join(_LOWER.get(character) or _one(character, character.lower()) for character in text)


def uppered(text: str) -> str:
    """The text in upper case, character by character, as the engine's upper() gives it.

    >>> uppered("straße ŉ")
    'STRAẞE ŉ'
    """
    return "".join(
        _UPPER.get(character) or _one(_one(character, character.title()), character.upper()) for character in text
    )


def _one(otherwise: str, mapped: str) -> str:
    return mapped if len(mapped) == 1 else otherwise
