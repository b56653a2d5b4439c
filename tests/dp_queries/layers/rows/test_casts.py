import pytest

from dp_queries.errors import QueryRejected
from tests.dp_queries.layers.rows.reading import read, shown


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CAST(fare AS INTEGER)", "to_integer(fare)"),
        ("fare::bigint", "to_integer(fare)"),
        ("note::int", "to_integer(note)"),
        ("paid::int", "to_integer(paid)"),
        ("month::int", "month"),
        ("month::double precision", "to_number(month)"),
        ("note::numeric", "to_number(note)"),
        ("fare::float8", "fare"),
        ("month::text", "to_text(month)"),
        ("day::varchar", "to_text(day)"),
        ("CAST(note AS TEXT)", "note"),
        ("month::boolean", "<>(month, 0)"),
        ("note::date", "parse_date(note)"),
        ("TRY_CAST(note AS DATE)", "parse_date(note)"),
        ("TO_DATE(note, 'YYYY-MM-DD')", "parse_date(note)"),
        ("at::date", "date(at)"),
        ("DATE(at)", "date(at)"),
        ("DATE(day)", "day"),
        ("DATE('2013-02-03')", "2013-02-03"),
        ("day::timestamp", "to_timestamp(day)"),
        ("TIMESTAMP '2013-02-03 04:05'", "2013-02-03 04:05:00"),
        ("CAST(NULL AS INTEGER)", "None"),
    ],
)
def test_casts(sql, expected):
    assert shown(sql) == expected


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("fare::text", "cast"),
        ("at::text", "cast"),
        ("note::boolean", "cast"),
        ("note::timestamp", "cast"),
        ("day::int", "cast"),
        ("month::date", "cast"),
        ("fare::numeric(10, 2)", "type"),
        ("note::varchar(3)", "type"),
        ("note::uuid", "cast"),
        ("note::timestamptz", "cast"),
        ("TO_DATE(note, 'DD.MM.YYYY')", "cast"),
        ("TO_CHAR(day, 'YYYY')", "cast"),
    ],
)
def test_what_is_refused_says_why(sql, code):
    with pytest.raises(QueryRejected) as refusal:
        read(sql)
    assert refusal.value.reasons[0].code == code
