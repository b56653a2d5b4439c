"""Which agreement a connection believes: files, ids, keys of parties, and what changed since last time."""

import json
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import jali
from jali import Flaw, Pin, VerificationError
from policies.agreements import PinnedLog, Terms, agreement_document, all_columns, sign
from tests.client import fake_front as fake


def connect(front, agreement, **more):
    with jali.connect(front.url, fake.TOKEN, str(agreement), **more) as room:
        return room.agreement


def flaw_of(front, agreement, **more):
    with pytest.raises(VerificationError) as error:
        connect(front, agreement, **more)
    return error.value.flaw


def write(path, document):
    path.write_text(json.dumps(document))
    return path


def test_a_file_with_both_keys_is_the_strongest_pin(front, agreement_file):
    agreement = connect(front, agreement_file, parties=fake.PARTY_KEYS)
    assert (agreement.pin, agreement.assigner, agreement.assignee) == (Pin.SIGNED, "health-bureau", "open-university")


def test_keys_may_be_files_in_pem_or_base64(front, agreement_file, tmp_path):
    pem = tmp_path / "bureau.pem"
    pem.write_bytes(fake.BOTH[0][1].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "university.txt").write_text(fake.PARTY_KEYS["open-university"] + "\n")
    keys = {"health-bureau": str(pem), "open-university": str(tmp_path / "university.txt")}
    assert connect(front, agreement_file, parties=keys).pin is Pin.SIGNED


@pytest.mark.parametrize("held", [{}, {"health-bureau": fake.PARTY_KEYS["health-bureau"]}])
def test_without_the_keys_nobody_says_that_signatures_were_checked(front, agreement_file, held):
    assert connect(front, agreement_file, parties=held).pin is Pin.FILE


@pytest.mark.parametrize(
    "key", ["?", fake.b64(bytes(31)), "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"]
)
def test_a_key_that_is_none_is_said_to_be_none(front, agreement_file, key):
    with pytest.raises(jali.RequestRejected, match="a party's key"):
        connect(front, agreement_file, parties={"health-bureau": key})


def test_a_changed_document_is_refused(front, tmp_path):
    changed = front.agreement | {"issued": "2027-01-01T00:00:00Z"}
    assert flaw_of(front, write(tmp_path / "a.json", changed), parties=fake.PARTY_KEYS) is Flaw.AGREEMENT_SIGNATURE


@pytest.mark.parametrize("party", ["health-bureau", "open-university"])
def test_a_signature_by_another_key_is_refused(front, agreement_file, party):
    wrong = {party: fake.b64(fake.private_key(99).public_key().public_bytes_raw())}
    assert flaw_of(front, agreement_file, parties=fake.PARTY_KEYS | wrong) is Flaw.AGREEMENT_SIGNATURE


@pytest.mark.parametrize("signers", [(), fake.BOTH[:1], fake.BOTH[1:]])
def test_a_missing_signature_is_refused_even_without_keys(front, log, tmp_path, signers):
    document = fake.agreement_document(log, signers=signers)
    assert flaw_of(front, write(tmp_path / "a.json", document)) is Flaw.AGREEMENT_SIGNATURE


@pytest.mark.parametrize("document", [None, [], {}, {"uid": "x"}, {"log": {"origin": "a", "key": "AAAA"}}])
def test_what_is_no_agreement_is_refused(front, tmp_path, document):
    assert flaw_of(front, write(tmp_path / "a.json", document)) is Flaw.AGREEMENT_MALFORMED


def test_signatures_that_can_not_be_read_are_refused(front, tmp_path):
    document = front.agreement | {"proof": [{"party": "urn:jali:party:health-bureau"}]}
    assert flaw_of(front, write(tmp_path / "a.json", document)) is Flaw.AGREEMENT_MALFORMED
    (tmp_path / "a.json").write_text("{")
    assert flaw_of(front, tmp_path / "a.json") is Flaw.AGREEMENT_MALFORMED


def test_a_file_that_is_not_there_is_not_taken_for_an_id(front):
    with pytest.raises(jali.RequestRejected, match="no agreement file"):
        connect(front, "missing.json")


@pytest.mark.parametrize("name", [fake.UID, "visits-2026"])
def test_an_id_is_pinned_on_first_use(front, name):
    assert connect(front, name).pin is Pin.FIRST_USE
    assert connect(front, name).log.key == front.log.raw_key


def test_a_changed_log_key_is_refused_loudly(front, log):
    connect(front, "visits-2026")
    front.agreement = fake.agreement_document(fake.FakeLog(fake.private_key(2)), signers=fake.BOTH)
    with pytest.raises(VerificationError, match="ANOTHER LOG KEY") as error:
        connect(front, "visits-2026")
    assert error.value.flaw is Flaw.AGREEMENT_CHANGED


def test_changed_parties_are_refused(front, log):
    connect(front, "visits-2026")
    front.agreement = front.agreement | {"assigner": {"uid": "urn:jali:party:somebody"}}
    assert flaw_of(front, "visits-2026") is Flaw.AGREEMENT_CHANGED


def test_the_server_can_not_take_an_amendment_back(front, log):
    front.agreement = fake.agreement_document(log, signers=fake.BOTH, version=2)
    assert connect(front, "visits-2026").version == 2
    front.agreement = fake.agreement_document(log, signers=fake.BOTH, version=1)
    assert flaw_of(front, "visits-2026") is Flaw.AGREEMENT_CHANGED
    front.agreement = fake.agreement_document(log, signers=fake.BOTH, version=3)
    assert connect(front, "visits-2026").version == 3


@pytest.mark.parametrize("version", [None, 0, "1", True, 1.0])
def test_a_version_is_a_whole_number(front, log, tmp_path, version):
    document = fake.agreement_document(log, signers=fake.BOTH, version=version)
    assert flaw_of(front, write(tmp_path / "a.json", document)) is Flaw.AGREEMENT_MALFORMED


def test_the_server_can_not_contradict_a_file_that_was_used_before(front, agreement_file):
    connect(front, agreement_file)
    front.agreement = fake.agreement_document(fake.FakeLog(fake.private_key(2)), signers=fake.BOTH)
    assert flaw_of(front, "visits-2026") is Flaw.AGREEMENT_CHANGED


def test_a_file_from_the_parties_accepts_a_new_log_key(front, tmp_path):
    connect(front, "visits-2026")
    front.agreement = fake.agreement_document(fake.FakeLog(fake.private_key(2)), signers=fake.BOTH)
    connect(front, write(tmp_path / "a.json", front.agreement), parties=fake.PARTY_KEYS)
    assert connect(front, "visits-2026").log.key == fake.private_key(2).public_key().public_bytes_raw()


def test_another_agreement_than_asked_for_is_refused(front, log):
    front.agreement = fake.agreement_document(log, uid="urn:jali:agreement:theirs", signers=fake.BOTH)
    assert flaw_of(front, fake.UID) is Flaw.OTHER_AGREEMENT


def test_an_unknown_agreement_is_not_found(front):
    with pytest.raises(jali.NotFound):
        connect(front, "nothing")


def test_an_agreement_as_the_room_signs_it_is_read(front, tmp_path):
    """Reader and writer were written twice; this ties them."""
    terms = Terms(
        dataset="visits", columns=all_columns({"visits": "*"}), aggregates=frozenset({"count"}),
        purposes=frozenset({"study"}), not_before=datetime(2026, 1, 1, tzinfo=UTC),
        expires_at=datetime(2027, 1, 1, tzinfo=UTC), epsilon_micro=8_000_000, delta=Fraction(1, 10**6),
        epsilon_per_query_micro=1_000_000, queries_per_day=100,
    )  # fmt: skip
    document = agreement_document(
        id="visits-2026", assigner="health-bureau", assignee="open-university", terms=terms,
        issued=datetime(2026, 1, 1, tzinfo=UTC), log=PinnedLog(fake.ORIGIN, front.log.raw_key),
    )  # fmt: skip
    for party, key in fake.BOTH:
        document = sign(document, key, party)
    agreement = connect(front, write(tmp_path / "a.json", document), parties=fake.PARTY_KEYS)
    assert (agreement.pin, agreement.uid, agreement.log.origin) == (Pin.SIGNED, fake.UID, fake.ORIGIN)
