from tests.dp_queries.layers.views import refusal, view


def test_items_are_called_by_alias_column_or_place():
    assert list(view("SELECT seats, Built AS B, seats + 1 FROM planes").columns) == ["seats", "b", "column3"]


def test_a_star_is_every_column_and_of_one_table_where_it_says_so():
    assert list(view("SELECT * FROM airports").columns) == ["faa", "zone", "height"]
    assert list(view("SELECT a.* FROM planes p JOIN airports a ON faa = maker").columns) == ["faa", "zone", "height"]


def test_a_right_join_names_its_left_columns_first():
    assert list(view("SELECT * FROM airports RIGHT JOIN planes ON faa = tailnum").columns)[:4] == [
        *("faa", "zone", "height", "tailnum")
    ]


def test_two_columns_have_two_names():
    code, place = refusal("SELECT origin, dest AS origin FROM flights")
    assert (code, place.startswith("dest")) == ("duplicate-column", True)
