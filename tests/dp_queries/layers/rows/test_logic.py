import pytest

from dp_queries.errors import QueryRejected
from tests.dp_queries.layers.rows.reading import read, shown


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CASE WHEN paid THEN 1 ELSE 2 END", "case(paid, 1, 2)"),
        ("CASE WHEN month = 1 THEN 'a' WHEN paid THEN 'b' END", "case(=(month, 1), 'a', paid, 'b', None)"),
        ("CASE origin WHEN 'JFK' THEN 1 ELSE 2.5 END", "case(=(origin, 'JFK'), 1, 2.5)"),
        ("CASE day WHEN '2013-02-03' THEN 1 END", "case(=(day, 2013-02-03), 1, None)"),
        ("CASE WHEN paid THEN day ELSE at END", "case(paid, to_timestamp(day), at)"),
        ("CASE WHEN paid THEN day ELSE '2013-02-03' END", "case(paid, day, 2013-02-03)"),
        ("IF(paid, 'yes', 'no')", "case(paid, 'yes', 'no')"),
        ("IIF(paid, month)", "case(paid, month, None)"),
        ("COALESCE(note, NULL, origin)", "coalesce(note, origin)"),
        ("IFNULL(serial, 0)", "coalesce(serial, 0)"),
        ("NVL(NULL, serial)", "serial"),
        ("NULLIF(origin, 'JFK')", "case(=(origin, 'JFK'), None, origin)"),
        ("GREATEST(serial, month, serial)", "greatest(month, serial)"),
        ("LEAST(month, NULL, 3)", "least(month, 3)"),
        ("paid IS TRUE", "coalesce(paid, False)"),
        ("paid IS NOT TRUE", "not(coalesce(paid, False))"),
        ("(month > 3) IS FALSE", "coalesce(<=(month, 3), False)"),
        ("note ISNULL", "is_null(note)"),
        ("note NOTNULL", "not(is_null(note))"),
        ("month IS NOT DISTINCT FROM serial", "coalesce(=(month, serial), and(is_null(month), is_null(serial)))"),
        ("note IS DISTINCT FROM NULL", "not(is_null(note))"),
        ("note ILIKE 'Äb%'", "like(lower(note), 'äb%')"),
        ("note NOT ILIKE 'x'", "not(like(lower(note), 'x'))"),
        ("month IN (1, serial, 2)", "or(=(month, serial), in(month, 1, 2))"),
        ("day < at", "<(to_timestamp(day), at)"),
        ("at IN (day, '2013-02-03')", "or(=(to_timestamp(day), at), =(at, 2013-02-03 00:00:00))"),
        ("month NOT BETWEEN 2 AND serial", "or(<(month, 2), >(month, serial))"),
    ],
)
def test_conditions_and_choices(sql, expected):
    assert shown(sql) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GREATEST(month, serial)", "GREATEST(serial, month)"),
        ("CASE WHEN paid THEN 1 END", "IF(paid, 1, NULL)"),
        ("COALESCE(note, 'x')", "IFNULL(note, 'x')"),
        ("month IN (serial, 1)", "month = 1 OR serial = month"),
        ("x.month = 1".replace("x.", ""), "1 = month"),
    ],
)
def test_respelled_twins_are_one_expression(one, other):
    assert read(one)[0] == read(other)[0]


def test_order_matters_where_it_means_something():
    assert read("COALESCE(month, serial)")[0] != read("COALESCE(serial, month)")[0]
    assert read("NOT CASE WHEN paid THEN paid ELSE FALSE END")[0] != read("CASE WHEN paid THEN NOT paid END")[0]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("CASE WHEN paid THEN 1 ELSE 'a' END", "types-differ"),
        ("CASE WHEN paid THEN NULL END", "types-differ"),
        ("CASE WHEN month THEN 1 END", "not-a-condition"),
        ("COALESCE(note, 3)", "types-differ"),
        ("GREATEST(day, 'tomorrow')", "moment"),
        ("note IS TRUE", "not-a-condition"),
        ("paid IS (month > 3)", "is"),
        ("NULLIF(month, NULL)", "null-comparison"),
        ("month ILIKE 'x'", "types-differ"),
        ("note LIKE origin", "pattern"),
        ("month BETWEEN SYMMETRIC 1 AND 2", "between"),
        ("SUM(month) + 1", "aggregate-below"),
        ("month IN (serial, 'x')", "types-differ"),
    ],
)
def test_what_is_refused_says_why(sql, code):
    with pytest.raises(QueryRejected) as refusal:
        read(sql)
    assert refusal.value.reasons[0].code == code
