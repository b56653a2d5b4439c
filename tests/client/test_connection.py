"""Connecting and asking: settings, wire fields, retries that are charged once, refusals as exceptions."""

from decimal import Decimal
from fractions import Fraction

import numpy
import pytest

import jali
from tests.client import fake_front as fake


@pytest.fixture
def profiles(tmp_path):
    path = tmp_path / "config" / "jali" / "profiles.toml"
    path.parent.mkdir(parents=True)
    return path


def sent(front):
    return front.submits[-1][1]


def test_the_catalogue_is_open_to_everybody(front):
    with jali.connect(front.url) as room:
        (listed,) = room.datasets()
        dataset = room.dataset("visits")
        assert listed.name == dataset.name == "visits"
        assert dataset.version == "1"
        assert dataset.sample() is None
        assert "Visits to clinics" in repr(dataset)
        with pytest.raises(jali.NotFound):
            room.dataset("nothing")
        with pytest.raises(jali.RequestRejected, match="no agreement"):
            room.budget()


def test_a_published_sample_is_a_table(front, room):
    dataset = room.dataset("visits")
    front.trouble = [(200, {"columns": [{"name": "day", "type": "date"}], "rows": [["2026-01-05"], [None]]})]
    assert dataset.sample().column_names == ["day"]


def test_the_schema_says_what_is_declared(room):
    schema = room.dataset("visits").schema
    assert schema.tables == ("visits", "clinics")
    person, cost = schema["visits"]
    assert (cost.bounds, cost.unit, person.is_private) == (("0", "120"), "CNY", True)
    assert [column.name for column in schema] == ["person", "cost", "kind"]
    assert len(schema) == 3
    assert "0 .. 120" in repr(schema)
    assert "public, private" in schema._repr_html_()
    with pytest.raises(KeyError):
        schema["nothing"]


def test_explain_prices_without_asking(front, room):
    plan = room.explain("SELECT", epsilon=0.5)
    assert plan.cost == 0.5
    assert plan.cost.epsilon == Decimal("0.5")
    assert plan.cost.delta == 1e-9
    assert plan.expected_error == fake.WIDTHS
    assert plan.digest == fake.PLAN
    assert front.submits == []
    assert "± 5" in repr(plan)
    assert "sum ± 813, count ± 4" in repr(plan)
    assert "± 5" in plan._repr_html_()


def test_the_budget_and_what_was_asked(room):
    budget = room.budget()
    assert (budget.total, budget.spent, budget.remaining, budget.charges) == (8, 0.5, 7.5, 1)
    assert str(budget) == "epsilon 7.5 left of 8 (0.5 spent in 1 charges), delta 1e-06"
    assert room.invocations()[0]["log_index"] == 3


EPSILONS = [
    (0.5, "0.5"), (0.1, "0.1"), (1e-6, "0.000001"), (2, "2"), ("0.25", "0.25"), (" 5e-1 ", "0.5"), (".5", "0.5"),
    (Decimal("0.30"), "0.30"), (Fraction(1, 8), "0.125"), (Fraction(2, 3), "0.6666666666666666666666666666"),
    (numpy.float64(0.1), "0.1"), (numpy.int64(3), "3"),
]  # fmt: skip


@pytest.mark.parametrize(("epsilon", "text"), EPSILONS)
def test_epsilon_goes_out_as_exact_text(front, room, epsilon, text):
    room.sql("SELECT 1", epsilon=epsilon, purpose="study")
    assert sent(front) == {
        "agreement": fake.UID, "sql": "SELECT 1", "epsilon": text, "accuracy": None, "clipping": None,
        "purpose": "study",
    }  # fmt: skip


def test_accuracy_goes_out_by_column(front, room):
    room.sql("SELECT 1", accuracy={"n": 200, "cost": 0.5})
    assert (sent(front)["epsilon"], sent(front)["accuracy"]) == (None, {"n": "200", "cost": "0.5"})


def test_clipping_goes_out_by_column(front, room):
    room.sql("SELECT 1", epsilon=1, clipping={"n": 20, "cost": 0.5})
    assert sent(front)["clipping"] == {"n": "20", "cost": "0.5"}


WRONG = [float("nan"), float("inf"), "-inf", "nan", "1_0", "", 0, -1, -0.0, True, [], Decimal("sNaN"), object(), 1j]


@pytest.mark.parametrize("epsilon", WRONG)
def test_a_wrong_epsilon_is_never_sent(front, room, epsilon):
    with pytest.raises(jali.RequestRejected, match="epsilon must be") as error:
        room.sql("SELECT", epsilon=epsilon)
    assert error.value.reasons[0].where == "epsilon"
    assert front.submits == []


@pytest.mark.parametrize(
    "wish", [{}, {"epsilon": 1, "accuracy": {"n": 1}}, {"accuracy": {"n": 0}}, {"epsilon": 1, "clipping": 5}]
)
def test_a_wrong_wish_is_never_sent(front, room, wish):
    with pytest.raises(jali.RequestRejected):
        room.sql("SELECT", **wish)
    assert front.submits == []


@pytest.mark.parametrize(
    "sql", [None, 5, b"SELECT", {"SELECT"}, {"a": "SELECT"}, ["SELECT", None], [["SELECT"]], "\ud800"]
)
def test_what_is_no_text_is_never_sent(front, room, sql):
    """A set has no order in which its answers could come; half a surrogate pair can't be written."""
    with pytest.raises(jali.RequestRejected, match="a list of texts") as error:
        room.sql(sql, epsilon=1)
    wheres = {2: "statement 2", 1: "statement 1"}
    assert error.value.reasons[0].where == (wheres[len(sql)] if isinstance(sql, list) else "sql")
    assert front.submits == []


@pytest.mark.parametrize(
    "trouble", [["drop"], ["drop", "drop"], [(503, {"kind": "unavailable"})], [(502, "bad gateway")]]
)
def test_a_broken_line_is_asked_again_and_charged_once(front, room, trouble):
    front.trouble = trouble
    answer = room.sql("SELECT", epsilon=0.5)
    assert len(front.charged) == 1
    assert {key for key, _ in front.submits} == set(front.charged)
    answer.receipt.verify()


def test_two_calls_have_two_keys(front, room):
    room.sql("SELECT", epsilon=0.5)
    room.sql("SELECT", epsilon=0.5)
    assert len(front.charged) == 2


def test_a_front_that_stays_away_is_unavailable(front, room):
    front.trouble = ["drop"] * 4
    with pytest.raises(jali.Unavailable, match="does not answer"):
        room.sql("SELECT", epsilon=0.5)
    front.trouble = [(503, {"kind": "unavailable", "detail": "the room does not answer"})] * 4
    with pytest.raises(jali.Unavailable, match="the room does not answer"):
        room.budget()
    with pytest.raises(jali.Unavailable), jali.connect("http://127.0.0.1:1") as away:
        away.datasets()


def test_a_refusal_is_not_tried_again(front, room):
    front.trouble = [(403, {"kind": "refused", "detail": "no"})]
    with pytest.raises(jali.Refused):
        room.sql("SELECT", epsilon=0.5)
    assert front.submits == []


def problem(kind, **more):
    return {"type": f"urn:jali:problem:{kind}", "title": "a title", "detail": "in words", "kind": kind, **more}


REASON = {"code": "no-term", "message": "the column isn't agreed", "where": "visits.cost", "line": 2, "column": 8}
PROBLEMS = [
    (422, problem("query-rejected", reasons=[REASON]), jali.QueryRejected),
    (403, problem("refused", reasons=[REASON]), jali.Refused),
    (403, problem("budget-exceeded", facts={"needed": "0.5", "remaining": "0.25"}), jali.BudgetExceeded),
    (403, problem("withheld"), jali.Withheld),
    (401, problem("not-authenticated"), jali.NotAuthenticated),
    (404, problem("not-found"), jali.NotFound),
    (409, problem("conflict"), jali.Conflict),
    (400, problem("request-rejected"), jali.RequestRejected),
    (413, problem("too-large"), jali.RequestRejected),
    (500, problem("error"), jali.JaliError),
    (401, "<html>", jali.NotAuthenticated),
    (418, [], jali.JaliError),
]


@pytest.mark.parametrize(("status", "body", "error"), PROBLEMS)
def test_a_problem_is_raised_as_its_class(front, room, status, body, error):
    front.trouble = [(status, body)]
    with pytest.raises(jali.JaliError) as raised:
        room.sql("SELECT", epsilon=0.5)
    assert type(raised.value) is error


def test_a_refusal_tells_its_reasons_and_its_place_in_the_log(front, room):
    front.trouble = [(403, problem("refused", reasons=[REASON], log_index=17, facts={"message": "x", "self": 1}))]
    with pytest.raises(jali.Refused) as raised:
        room.sql("SELECT", epsilon=0.5)
    error = raised.value
    assert error.log_position == 17
    assert error.reasons == (jali.Reason("no-term", "the column isn't agreed", "visits.cost", 2, 8),)
    assert str(error).splitlines() == [
        "in words", "  - the column isn't agreed (visits.cost, line 2, column 8) [no-term]", "  (log entry 17)",
    ]  # fmt: skip
    assert error.to_json()["reasons"] == [REASON]


def test_an_exceeded_budget_says_how_far(front, room):
    front.trouble = [(403, problem("budget-exceeded", facts={"needed": "0.5", "remaining": "0.25"}))]
    with pytest.raises(jali.BudgetExceeded, match=r"needed: epsilon 0\.5; remaining: epsilon 0\.25") as raised:
        room.sql("SELECT", epsilon=0.5)
    assert (raised.value.needed, raised.value.remaining) == (Decimal("0.5"), Decimal("0.25"))


def test_an_exceeded_budget_without_figures_is_told_all_the_same():
    assert str(jali.BudgetExceeded("too much", needed="much")) == "too much"


def test_a_wrong_token_is_not_authenticated(front):
    with pytest.raises(jali.NotAuthenticated):
        jali.connect(front.url, "wrong", "visits-2026")


def test_what_is_no_front_is_said_to_be_none(front, room):
    front.trouble = [(200, "<html>hello</html>")]
    with pytest.raises(jali.Unavailable, match="JSON"):
        room.budget()


def test_settings_come_from_the_environment(front, monkeypatch, agreement_file):
    for name, value in (("URL", front.url), ("TOKEN", fake.TOKEN), ("AGREEMENT", str(agreement_file))):
        monkeypatch.setenv(f"JALI_{name}", value)
    with jali.connect() as room:
        assert room.agreement.uid == fake.UID
        assert front.url in repr(room)


def test_settings_come_from_a_profile(front, profiles, agreement_file):
    agreement_file.rename(profiles.parent / "agreement.json")
    keys = "\n".join(f'{party} = "{key}"' for party, key in fake.PARTY_KEYS.items())
    profiles.write_text(
        f'[work]\nurl = "{front.url}/"\ntoken = "{fake.TOKEN}"\nagreement = "agreement.json"\n[work.parties]\n{keys}\n'
    )
    with jali.connect(profile="work") as room:
        assert room.agreement.pin is jali.Pin.SIGNED
    with pytest.raises(jali.NotAuthenticated):
        jali.connect(token="another", agreement="visits-2026", profile="work")


@pytest.mark.parametrize(("text", "name"), [("[work]\n", "play"), ("default = 1", None), ("[", None)])
def test_a_profile_that_is_none_is_said_to_be_none(profiles, text, name):
    profiles.write_text(text)
    with pytest.raises(jali.RequestRejected, match="profile"):
        jali.connect(profile=name)


@pytest.mark.parametrize("url", [None, "ftp://x", "jali.example.org", "http://"])
def test_a_wrong_address_is_said_to_be_wrong(url):
    with pytest.raises(jali.RequestRejected, match="address"):
        jali.connect(url)


def test_a_token_over_open_http_is_warned_about():
    with pytest.warns(UserWarning, match="unencrypted"):
        jali.connect("http://jali.example.org", "token").close()


def test_a_closed_room_says_so(front, room):
    with room:
        assert room.datasets()
    for act in (
        room.datasets,
        room.budget,
        room.checkpoint,
        lambda: room.sql("SELECT 1", 1),
        lambda: room.dataset("visits"),
    ):
        with pytest.raises(jali.RequestRejected, match="closed"):
            act()
    assert front.submits == []
