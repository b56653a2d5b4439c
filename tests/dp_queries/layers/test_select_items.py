from tests.dp_queries.layers.views import refusal, view


def test_items_are_called_by_alias_column_or_place():
    assert list(view("SELECT seats, Built AS B, seats + 1 FROM planes").columns) == ["seats", "b", "column3"]
    per_unit = "SELECT tailnum, COUNT(*), MAX(seats), COUNT(*) + 1 FROM planes GROUP BY tailnum"
    assert list(view(per_unit).columns) == ["tailnum", "count", "max", "column4"]


def test_a_star_is_every_column_and_of_one_table_where_it_says_so():
    assert list(view("SELECT * FROM airports").columns) == ["faa", "zone", "height"]
    assert list(view("SELECT a.* FROM planes p JOIN airports a ON faa = maker").columns) == ["faa", "zone", "height"]


def test_a_right_join_names_its_left_columns_first():
    assert list(view("SELECT * FROM airports RIGHT JOIN planes ON faa = tailnum").columns)[:4] == [
        *("faa", "zone", "height", "tailnum")
    ]


def test_two_columns_of_one_name_are_there_and_can_not_be_named():
    twice = "(SELECT tailnum, origin, dest AS origin, month FROM flights) AS x"
    assert list(view(f"SELECT month FROM {twice}").columns) == ["month"]
    assert len(view(f"SELECT * FROM {twice}").columns) == 4
    code, place = refusal(f"SELECT month FROM {twice} WHERE origin = 'JFK'")
    assert (code, place.startswith("origin")) == ("ambiguous-column", True)
    renamed = "(SELECT tailnum, origin, dest AS origin FROM flights) AS x (a, b, c)"
    assert list(view(f"SELECT b, c FROM {renamed}").columns) == ["b", "c"]
    parts = "SELECT tailnum, origin, origin FROM flights UNION ALL SELECT tailnum, dest, carrier FROM flights"
    assert len(view(f"SELECT * FROM ({parts}) AS x").columns) == 3
