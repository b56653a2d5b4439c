"""The command `jali`: what it prints, and that it exits with 0 only when everything holds."""

import io
import json

import pytest

from jali.cli import main
from tests.client import fake_front as fake


@pytest.fixture
def cli(front, monkeypatch, agreement_file, capsys):
    monkeypatch.setenv("JALI_URL", front.url)
    monkeypatch.setenv("JALI_TOKEN", fake.TOKEN)
    monkeypatch.setenv("JALI_AGREEMENT", str(agreement_file))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, status=0):
        assert main(arguments) == status
        return capsys.readouterr()

    return run


def test_datasets(cli):
    assert "Visits to clinics" in cli("datasets").out
    assert json.loads(cli("datasets", "--json").out)[0]["card"]["name"] == "visits"


def test_explain(cli, front):
    assert "would cost epsilon 0.5" in cli("explain", "SELECT 1", "--epsilon", "0.5").out
    assert json.loads(cli("explain", "SELECT 1", "--accuracy", "n=200", "--json").out) == fake.EXPLAINED
    assert front.submits == []


def test_sql_prints_the_answer_and_checks_the_receipt(cli, front):
    shown = cli("sql", "SELECT 1", "--epsilon", "0.5", "--purpose", "study").out
    assert "120 ± 5" in shown
    assert "receipt verified" in shown
    assert front.submits[0][1]["epsilon"] == "0.5"
    assert front.submits[0][1]["purpose"] == "study"


def test_sql_is_read_from_a_file_or_standard_input(cli, front, tmp_path, monkeypatch):
    (tmp_path / "q.sql").write_text("SELECT 2")
    cli("sql", "-f", str(tmp_path / "q.sql"), "--epsilon", "1")
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 3"))
    cli("sql", "--epsilon", "1")
    assert [body["sql"] for _, body in front.submits] == ["SELECT 2", "SELECT 3"]
    assert "can't be read" in cli("sql", "-f", str(tmp_path / "none.sql"), "--epsilon", "1", status=1).err


def test_an_answer_with_a_false_receipt_is_shown_and_fails(cli, log):
    log.key = fake.private_key(2)
    said = cli("sql", "SELECT 1", "--epsilon", "0.5", status=1)
    assert "120 ± 5" in said.out
    assert "checkpoint-signature" in said.err


def test_budget(cli):
    assert "epsilon 7.5 left of 8" in cli("budget").out
    assert json.loads(cli("budget", "--json").out) == {
        "total": "8", "spent": "0.5", "remaining": "7.5", "delta": 1e-6, "charges": 1,
    }  # fmt: skip


def test_log_checks_the_checkpoint(cli, log):
    assert "SELECT 1" in cli("log").out
    facts = json.loads(cli("log", "--json").out)
    assert (facts["size"], facts["root"]) == (4, fake.tree_hash(log.leaves).hex())
    log.leaves.pop()
    assert "rolled-back" in cli("log", status=1).err


def saved(cli, tmp_path):
    path = tmp_path / "answer.json"
    path.write_text(cli("sql", "SELECT 1", "--epsilon", "0.5", "--json").out)
    return path


def test_verify_works_offline_with_the_agreement_file(cli, tmp_path, agreement_file, monkeypatch):
    path = saved(cli, tmp_path)
    for name in ("JALI_URL", "JALI_TOKEN", "JALI_AGREEMENT"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("JALI_STATE", str(tmp_path / "another"))
    keys = [f"--party={party}={key}" for party, key in fake.PARTY_KEYS.items()]
    facts = json.loads(cli("verify", str(path), "--agreement", str(agreement_file), *keys, "--json").out)
    assert (facts["verified"], facts["index"], facts["assigner"]) == (True, 4, "health-bureau")
    assert "both signatures checked" in facts["pin"]


def test_verify_works_with_what_was_pinned_before(cli, tmp_path, monkeypatch):
    path = saved(cli, tmp_path)
    monkeypatch.delenv("JALI_AGREEMENT")
    assert "receipt verified" in cli("verify", str(path)).out
    monkeypatch.setenv("JALI_STATE", str(tmp_path / "another"))
    assert "no pin of" in cli("verify", str(path), status=1).err


def test_verify_fails_for_an_altered_answer(cli, tmp_path):
    path = saved(cli, tmp_path)
    path.write_text(path.read_text().replace("120", "121"))
    said = cli("verify", str(path), "--json", status=1)
    assert json.loads(said.out)["flaw"] == "answer-differs"
    assert "answer-differs" in said.err


@pytest.mark.parametrize("content", ["[]", "{}", "hello", '{"receipt": 1}', None])
def test_verify_fails_for_what_is_no_answer(cli, tmp_path, content):
    if content is not None:
        (tmp_path / "x.json").write_text(content)
    assert cli("verify", str(tmp_path / "x.json"), status=1).out == ""


def test_a_refusal_is_told_in_words_and_in_json(cli, front):
    front.trouble = [(403, {"kind": "refused", "detail": "no", "log_index": 9})]
    said = cli("sql", "SELECT 1", "--epsilon", "1", "--json", status=1)
    assert json.loads(said.out) == {"kind": "refused", "message": "no", "reasons": [], "log_index": 9}
    assert said.err == "refused: no\n  (log entry 9)\n"


@pytest.mark.parametrize(
    "arguments", [["sql", "SELECT 1"], ["sql", "SELECT 1", "--accuracy", "n"], ["budget", "--party=x"]]
)
def test_a_wrong_wish_fails(cli, arguments):
    assert cli(*arguments, status=1).out == ""


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["verify"]])
def test_wrong_usage_fails(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage" in capsys.readouterr().err
