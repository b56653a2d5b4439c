"""SQL text -> syntax tree, within limits that make every refusal fast. SQLGlot enters here.

What is too long, too deep, not one SELECT, or spelled in a way that two parsers could read differently is refused
before or right after tokenizing (ATTACKS 20, 22). Whether a tree may be answered is asked in `validate.py`; the text
itself goes nowhere else: engines get SQL that is rendered anew from the checked tree.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokenizer_core import Token, TokenType

from dp_queries.errors import QueryRejected
from policies.errors import Reason

__all__ = ["Node", "Statement", "called", "count_words", "exp", "parse", "rejected"]

MOST_BYTES: Final = 64 * 1024
MOST_WORDS: Final = 3_000  # SQLGlot reads about 50,000 tokens a second: 3,000 stay under 100 ms
MOST_BRACKETS: Final = 40  # nested
MOST_DEPTH: Final = 60
MOST_LISTED: Final = 1_000

Node = exp.Expr

_STRING = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_COMMENT = re.compile(r"--[^\n]*|/\*(?:(?!/\*).)*?\*/", re.DOTALL)
_OPENED = re.compile(r"['\"]|/\*")
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"\w+|[^\w\s]")
# Invisible or direction-changing characters make a text read differently from what it says (ATTACKS 20, 29).
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_QUOTED: Final = frozenset({TokenType.STRING, TokenType.IDENTIFIER})
# Spellings that PostgreSQL, DuckDB and SQLGlot do not read alike.
_DIALECT: Final = frozenset(
    {
        *(TokenType.BIT_STRING, TokenType.BYTE_STRING, TokenType.HEREDOC_STRING, TokenType.HEX_STRING),
        *(TokenType.NATIONAL_STRING, TokenType.RAW_STRING, TokenType.UNICODE_STRING, TokenType.UNKNOWN),
        *(TokenType.PARAMETER, TokenType.PLACEHOLDER, TokenType.SESSION_PARAMETER, TokenType.COLON),
        *(TokenType.L_BRACE, TokenType.R_BRACE, TokenType.L_BRACKET, TokenType.R_BRACKET, TokenType.HINT),
        *(TokenType.HASH, TokenType.BLOCK_START, TokenType.BLOCK_END),
    }
)
_NOTHING: Final = (type(None), exp.Semicolon)  # what SQLGlot makes of a last semicolon, without or with a comment
# Where SQLGlot's name for a function is nobody's.
_NAMES: Final[Mapping[type[Node], str]] = {
    exp.DateDiff: "DATE_DIFF",
    exp.DayOfWeekIso: "ISODOW",
    exp.LogicalAnd: "BOOL_AND",
    exp.LogicalOr: "BOOL_OR",
    exp.StrPosition: "POSITION",
    exp.StrToDate: "TO_DATE",
    exp.TimestampTrunc: "DATE_TRUNC",
    exp.VariancePop: "VAR_POP",
}
_BEGINNINGS: Final = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN})


class _Parser(PostgresParser):
    """Reads conditions in ROLLUP, CUBE and GROUPING SETS as in GROUP BY itself, where SQLGlot stops at `x > 5`."""

    def _parse_cube_or_rollup(self, with_prefix: bool = False) -> exp.Cube | exp.Rollup | None:
        if with_prefix or not self._match_set((TokenType.CUBE, TokenType.ROLLUP)):
            return super()._parse_cube_or_rollup(with_prefix)
        kind = exp.Cube if self._prev.token_type is TokenType.CUBE else exp.Rollup
        return self.expression(kind(expressions=self._parse_wrapped_csv(self._parse_disjunction)))

    def _parse_grouping_set(self) -> exp.Expr | None:
        return self._parse_grouping_sets() or self._parse_cube_or_rollup() or self._parse_disjunction()


@dataclass(frozen=True)
class Statement:
    """A parsed statement with its text, for telling places."""

    text: str
    tree: Node

    def reason(self, node: Node, code: str, message: str) -> Reason:
        """A reason that points at the node."""
        return _reason(self.text, _start(node), code, message)


def called(node: Node) -> str:
    """What a node is called in a sentence: a function by its name, anything else by its kind in words.

    >>> called(exp.WidthBucket()), called(exp.WithinGroup())
    ('WIDTH_BUCKET', 'within group')
    """
    if isinstance(node, exp.Anonymous):
        return str(node.this)[:64]
    if isinstance(node, exp.Func):
        return _NAMES.get(type(node), node.sql_name())
    return _CAPITAL.sub(" ", type(node).__name__).lower()


def rejected(*reasons: Reason) -> QueryRejected:
    """The refusal with these reasons."""
    return QueryRejected("this SQL can't be answered", reasons)


def parse(text: str) -> Statement:
    """The one statement of the text. Raises QueryRejected for anything that is not one readable statement in limits."""
    _check_size(text)
    _check_characters(text)
    tokens = _tokens(text)
    _check_tokens(text, tokens)
    statement = Statement(text, _tree(text, tokens))
    _check_tree(statement)
    return statement


def count_words(text: str) -> int:
    """How many words and signs a text has, without reading it; a string is one word.

    >>> count_words("SELECT COUNT(*) FROM t WHERE x = 'a, b'")
    11
    """
    return sum(1 for _ in _WORD.finditer(_blanked(_STRING, text)))


def _reason(text: str, offset: int, code: str, message: str) -> Reason:
    before = text[:offset]
    return Reason(code, message, line=before.count("\n") + 1, column=offset - before.rfind("\n"))


def _start(node: Node) -> int:
    """Offset of the first character we know to belong to the node, or to the nearest node around it."""
    around: Any = node
    while around is not None:
        starts = [part.meta["start"] for part in around.walk() if "start" in part.meta]
        if starts:
            return int(min(starts))
        around = around.parent
    return 0


def _check_size(text: str) -> None:
    if len(text) > MOST_BYTES or len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise _limit(text, MOST_BYTES, "text-too-long", f"the SQL text is longer than {MOST_BYTES} bytes; shorten it")
    # Counted by a regular expression, because the tokenizer itself takes 200 ms for 64 KB of commas.
    words = [(match.start(), match.group()) for match in _WORD.finditer(_blanked(_STRING, text))]
    if len(words) > MOST_WORDS:
        message = f"the SQL has more than {MOST_WORDS} words and signs; shorten it"
        raise _limit(text, words[MOST_WORDS][0], "too-many-words", message)
    depth = 0
    for offset, word in words:
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth > MOST_BRACKETS:
            message = f"brackets are nested more than {MOST_BRACKETS} deep; write it flatter"
            raise _limit(text, offset, "too-deep", message)


def _limit(text: str, offset: int, code: str, message: str) -> QueryRejected:
    return rejected(_reason(text, offset, code, message))


def _blanked(pattern: re.Pattern[str], text: str) -> str:
    """The text with letters where the pattern is, so that everything else keeps its place."""
    return pattern.sub(lambda match: "x" * len(match.group()), text)


def _check_characters(text: str) -> None:
    for offset, character in enumerate(text):
        if character not in "\t\n\r" and unicodedata.category(character) in _INVISIBLE:
            name = f"U+{ord(character):04X}"
            raise rejected(_reason(text, offset, "character", f"the character {name} is invisible; remove it"))


def _tokens(text: str) -> list[Token]:
    try:
        return list(Postgres().tokenize(text))
    except SqlglotError:
        opened = _OPENED.search(_blanked(_COMMENT, _blanked(_STRING, text)))
        place = opened.start() if opened else 0
        raise _limit(text, place, "syntax", "a string, a quoted name or a comment does not end") from None


def _check_tokens(text: str, tokens: list[Token]) -> None:
    if not tokens:
        raise _limit(text, 0, "empty", "there is no statement; write SELECT ... FROM ...")
    for token in tokens:
        _check_token(text, token, is_last=token is tokens[-1])
    for first, second in pairwise(tokens):
        if first.token_type is TokenType.NUMBER and second.start == first.end + 1 and second.text[:1] in _LETTERS:
            raise rejected(_reason(text, first.start, "number", "this number is not understood; write plain digits"))
    if tokens[0].token_type not in _BEGINNINGS:
        raise rejected(_reason(text, tokens[0].start, "not-a-select", "only SELECT statements are answered"))


_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")


def _check_token(text: str, token: Token, *, is_last: bool) -> None:
    if token.token_type is TokenType.SEMICOLON and not is_last:
        raise rejected(
            _reason(text, token.start, "several-statements", "one text holds one statement; send several as a list")
        )
    if token.token_type in _DIALECT:
        message = "this spelling is not read alike by all SQL dialects; write plain literals, 'text' and \"name\""
        raise rejected(_reason(text, token.start, "dialect", message))
    # Letters that only look like ASCII could name a function or a column that they are not (homoglyphs).
    if token.token_type not in _QUOTED and not token.text.isascii():
        message = 'names in other letters than A-Z need double quotes: "..."'
        raise rejected(_reason(text, token.start, "letters", message))


def _tree(text: str, tokens: list[Token]) -> Node:
    try:
        trees = [tree for tree in _Parser(dialect=Postgres()).parse(tokens, text) if not isinstance(tree, _NOTHING)]
    except ParseError as error:
        raise _syntax(text, error) from None
    except RecursionError:
        raise _limit(text, 0, "too-deep", "the statement is nested too deep; write it flatter") from None
    except Exception:  # a fault of the parser on hostile text is a refusal of the text, never an error of ours
        raise _limit(text, 0, "syntax", "the statement is not understood") from None
    if len(trees) != 1 or trees[0] is None:
        raise _limit(text, 0, "several-statements", "one text holds one statement; send several as a list")
    return trees[0]


def _syntax(text: str, error: ParseError) -> QueryRejected:
    known = error.errors[0] if error.errors else {}
    line, column = known.get("line") or 1, known.get("col") or 1
    return rejected(Reason("syntax", "the statement is not understood here", line=line, column=column))


def _check_tree(statement: Statement) -> None:
    """Depth and list lengths; chains of one AND, OR or arithmetic operator are not depth where we flatten them."""
    level: list[tuple[Node, int]] = [(statement.tree, 0)]
    while level:
        node, depth = level.pop()
        if depth > MOST_DEPTH:
            raise rejected(statement.reason(node, "too-deep", "the statement is nested too deep; write it flatter"))
        if isinstance(node, exp.In) and len(node.expressions) > MOST_LISTED:
            message = f"a list has at most {MOST_LISTED} values; use ranges or a public table"
            raise rejected(statement.reason(node, "list-too-long", message))
        for child in node.iter_expressions():
            is_chain = isinstance(node, (exp.And, exp.Or)) and type(child) is type(node)
            level.append((child, depth if is_chain else depth + 1))
