"""SQL texts made worse: words dropped, doubled, swapped or taken from elsewhere, and constants that nobody expects."""

import re
from random import Random

_WORDS = re.compile(
    r"'(?:[^']|'')*'|\"[^\"]*\"|[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)?|\d+(?:\.\d+)?|\s+|[<>!=|:]{2}|.", re.DOTALL
)
WILD = (
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "1e400", "1e-400"),
    *("NaN", "'NaN'::DOUBLE PRECISION", "Infinity", "0x10", "1_000", "1e", ".", "1.2.3", "00012", "1e15"),
    *("1.0000000000001", "''", "''''", "'\\'", "E'\\n'", "$$a$$", "U&'\\0061'", "X'1F'", "B'01'", "'a' 'b'", "N'a'"),
    *("'\x00'", "'\u202eb'", "'😀'", "'" + "x" * 300 + "'", "'" + "é" * 10_000 + "'", '"' + "n" * 200 + '"'),
    *("'2025-02-30'", "'infinity'", "'now'", "DATE 'infinity'", "TIMESTAMP '2025-01-01 24:00:00'"),
    *("INTERVAL '1 year 2 months'", "INTERVAL '-99999999 days'", "NULL", "*", "t.*", "?", "$1", ":a", "@v"),
    *("ROW(1, 2)", "ARRAY[1]", "{'a': 1}", "(SELECT 1)", "DEFAULT", "UNKNOWN", "(" * 12 + "1" + ")" * 12),
    *("(" * 45 + "1" + ")" * 45, "- " * 30 + "1", "NOT " * 70 + "TRUE", "/* a */", "--", "/*", ";", "random()"),
    *("now()", "current_user", "pg_sleep(1)", "version()", "read_csv('x')", "gen_random_uuid()", "nextval('s')"),
    *("person", "_unit", "rowid", "ctid", "trips", "information_schema.tables", "nothing", "trips.person"),
    *("kind.person", "IN (SELECT person FROM trips)", "OVER ()", "FILTER (WHERE TRUE)", "WITHIN GROUP (ORDER BY 1)"),
    *("AT TIME ZONE 'UTC'", "COLLATE \"C\"", "::json", "::bytea", "::integer[]", "[1]", ".a", "IS NOT NULL"),
    *("BETWEEN 1 AND", "UNION ALL SELECT 1", "LATERAL", "TABLESAMPLE BERNOULLI (1)", "FOR UPDATE"),
    *("FETCH FIRST 1 ROW ONLY", "NATURAL", "RECURSIVE", "FULL", "USING (person)", "1 IN (" + "1, " * 1100 + "1)"),
    *("1" + " + 1" * 80, "TRUE" + " AND TRUE" * 300, "'a'" + " || 'a'" * 90, "０", "ＳＥＬＥＣＴ"),
)  # fmt: skip


def mutated(sql: str, random: Random) -> str:
    """The text with one to four words changed."""
    words = _WORDS.findall(sql)
    for _ in range(random.choice((1, 1, 1, 1, 2, 3))):
        words = _MUTATIONS[random.randrange(len(_MUTATIONS))](words, random) or ["SELECT"]
    return "".join(words)


def _dropped(words: list[str], random: Random) -> list[str]:
    at = random.randrange(len(words))
    return words[:at] + words[at + random.choice((1, 1, 2, 5)) :]


def _doubled(words: list[str], random: Random) -> list[str]:
    at = random.randrange(len(words))
    end = at + random.choice((1, 1, 3, 8))
    return [*words[:end], " ", *words[at:end], *words[end:]]


def _swapped(words: list[str], random: Random) -> list[str]:
    places = [at for at, word in enumerate(words) if not word.isspace()]
    one, other = random.choice(places or [0]), random.choice(places or [0])
    changed = list(words)
    changed[one], changed[other] = words[other], words[one]
    return changed


def _wild(words: list[str], random: Random) -> list[str]:
    """A wild constant or clause in the place of a word, or before it."""
    at = random.randrange(len(words))
    return [*words[:at], " ", random.choice(WILD), " ", *words[at + random.choice((0, 1)) :]]


def _borrowed(words: list[str], random: Random) -> list[str]:
    """A piece of the text in another place."""
    start, at = random.randrange(len(words)), random.randrange(len(words))
    return [*words[:at], " ", *words[start : start + random.randint(1, 12)], " ", *words[at:]]


def _wild_constant(words: list[str], random: Random) -> list[str]:
    """A wild constant in the place of a constant, where it is likely to be understood."""
    places = [at for at, word in enumerate(words) if word[:1].isdigit() or word[:1] == "'"]
    return _put(words, random.choice(places), random.choice(WILD)) if places else words


def _renamed(words: list[str], random: Random) -> list[str]:
    """A name in the place of another name."""
    places = [at for at, word in enumerate(words) if re.fullmatch(r"[a-z]\w*(\.\w+)?", word)]
    return _put(words, random.choice(places), words[random.choice(places)]) if places else words


def _regrouped(words: list[str], random: Random) -> list[str]:
    """What stands in one pair of brackets put into another's."""
    pairs, opened = [], []
    for at, word in enumerate(words):
        if word == "(":
            opened.append(at)
        elif word == ")" and opened:
            pairs.append((opened.pop(), at))
    if not pairs:
        return words
    (start, end), (first, last) = random.choice(pairs), random.choice(pairs)
    return [*words[:start], *words[first : last + 1], *words[end + 1 :]]


def _kept(words: list[str], random: Random) -> list[str]:
    """Without what stands in a pair of brackets, or without the brackets."""
    places = [at for at, word in enumerate(words) if word in "()"]
    return _put(words, random.choice(places), " ") if places and random.random() < 0.3 else _regrouped(words, random)


def _put(words: list[str], at: int, word: str) -> list[str]:
    return [*words[:at], word, *words[at + 1 :]]


_CLAUSES = ("WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "DISTINCT", "NOT", "AND", "OR", "LEFT", "ALL", "DESC")
_OTHERS = (
    *("SUM", "AVG", "COUNT", "MIN", "MAX", "MEDIAN", "STDDEV", "ABS", "LN", "ROUND", "LENGTH", "LOWER", "YEAR"),
    *("EXISTS", "UNION", "EXCEPT", "INTERSECT", "OR", "<", "=", "LIKE", "IS", "JOIN", "CROSS JOIN", "FULL JOIN", ","),
    *("+", "-", "*", "/", "||", "ROW_NUMBER", "LAG", "DATE", "TIMESTAMP", "TEXT", "BOOLEAN", "INTEGER", "NULL"),
)  # fmt: skip


def _rekeyed(words: list[str], random: Random) -> list[str]:
    """A function, operator or clause in the place of another."""
    places = [at for at, word in enumerate(words) if word.isupper() or word in "+-*/<>="]
    return _put(words, random.choice(places), random.choice((*_OTHERS, *_CLAUSES))) if places else words


_GENTLE = (_wild_constant, _wild_constant, _renamed, _renamed, _renamed, _regrouped, _kept, _rekeyed, _rekeyed)
_MUTATIONS = (*_GENTLE, *_GENTLE, *_GENTLE, _dropped, _doubled, _swapped, _wild, _borrowed)
