import pytest

from dp_queries.errors import QueryRejected
from tests.dp_queries.layers.rows.reading import read, shown


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("LOWER(note)", "lower(note)"),
        ("UCASE(note)", "upper(note)"),
        ("CHAR_LENGTH(note)", "length(note)"),
        ("LEN(note)", "length(note)"),
        ("TRIM(note)", "trim(note)"),
        ("TRIM(BOTH ' ' FROM note)", "trim(note)"),
        ("TRIM(LEADING FROM note)", "ltrim(note)"),
        ("RTRIM(note)", "rtrim(note)"),
        ("SUBSTRING(note FROM 2 FOR 3)", "substring(note, 2, 3)"),
        ("SUBSTR(note, 2)", "substring(note, 2)"),
        ("SUBSTRING(note FOR 2)", "substring(note, 1, 2)"),
        ("LEFT(note, 2)", "left(note, 2)"),
        ("RIGHT(note, 0)", "right(note, 0)"),
        ("origin || '-' || note", "concat(origin, '-', note)"),
        ("origin || (month || paid)", "concat(origin, to_text(month), to_text(paid))"),
        ("CONCAT(origin, '-', day)", "concat(coalesce(origin, ''), '-', coalesce(to_text(day), ''))"),
        ("CONCAT(NULL, origin)", "concat(coalesce(None, ''), coalesce(origin, ''))"),
        ("REPLACE(note, 'a', '')", "replace(note, 'a', '')"),
        ("POSITION('-' IN note)", "position(note, '-')"),
        ("STRPOS(note, '-')", "position(note, '-')"),
        ("CONTAINS(note, '-')", ">(position(note, '-'), 0)"),
        ("STARTS_WITH(note, 'x')", "starts_with(note, 'x')"),
        ("note ^@ 'x'", "starts_with(note, 'x')"),
        ("ENDS_WITH(note, 'xyz')", "=(right(note, 3), 'xyz')"),
        ("SPLIT_PART(note, '-', 2)", "split_part(note, '-', 2)"),
    ],
)
def test_functions_of_texts(sql, expected):
    assert shown(sql) == expected


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("LOWER(month)", "types-differ"),
        ("LENGTH(month)", "types-differ"),
        ("TRIM('x' FROM note)", "trim"),
        ("SUBSTRING(note, 0)", "literal-number"),
        ("SUBSTRING(note, month)", "literal-number"),
        ("LEFT(note, -1)", "literal-number"),
        ("REPLACE(note, '', 'x')", "literal-text"),
        ("REPLACE(note, 'x')", "literal-text"),
        ("REPLACE(note, origin, 'x')", "literal-text"),
        ("POSITION(origin IN note)", "literal-text"),
        ("STRPOS(note, 'x', 2)", "literal-text"),
        (f"STARTS_WITH(note, '{'x' * 201}')", "literal-text"),
        ("SPLIT_PART(note, '-', 0)", "literal-number"),
        ("note || fare", "cast"),
        ("REPEAT(note, 1000000)", "text-too-wide"),
        ("LPAD(note, 1000000)", "text-too-wide"),
        ("note SIMILAR TO 'x'", "pattern"),
        ("REGEXP_REPLACE(note, 'a', 'b')", "pattern"),
        ("CONCAT_WS('-', note, origin)", "function"),
        ("INITCAP(note)", "function"),
        ("MD5(note)", "function"),
    ],
)
def test_what_is_refused_says_why(sql, code):
    with pytest.raises(QueryRejected) as refusal:
        read(sql)
    assert refusal.value.reasons[0].code == code
