"""SQL's LIKE, without escapes, in time proportional to text times pattern (a regular expression may take for ever)."""


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
