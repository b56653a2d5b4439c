"""The tree's arithmetic against a twin that is the RFC's recursion over lists, word for word."""

import hashlib
from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings, strategies as st

from enclave.audit import tlog
from enclave.audit.errors import ProofRejected

LARGEST = 200
LEAVES = [f"leaf {number}".encode() for number in range(LARGEST)]


def mth(leaves):
    """RFC 9162, 2.1.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m, leaves):
    """RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m, leaves, is_whole):
    """RFC 9162, 2.1.4.1."""
    if m == len(leaves):
        return [] if is_whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], is_whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def split(n):
    return max(1 << bit for bit in range(n.bit_length()) if 1 << bit < n)


@pytest.fixture(scope="module")
def nodes():
    stored = {}
    for index, leaf in enumerate(LEAVES):
        stored[0, index] = tlog.leaf_hash(leaf)
        for level, position, value in tlog.completed_nodes(index, stored[0, index], lambda *at: stored[at]):
            stored[level, position] = value
    return lambda level, index: stored[level, index]


@pytest.fixture(scope="module")
def roots():
    return [mth(LEAVES[:size]) for size in range(LARGEST + 1)]


def test_roots_of_every_size(nodes, roots):
    assert [tlog.root(size, nodes) for size in range(LARGEST + 1)] == roots


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 33, 199, 200])
def test_inclusion_of_every_leaf(nodes, roots, size):
    for index in range(size):
        proof = tlog.inclusion_proof(index, size, nodes)
        assert proof == path(index, LEAVES[:size])
        tlog.check_inclusion(tlog.leaf_hash(LEAVES[index]), index, size, proof, roots[size])


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_inclusion_at_any_place_of_any_size(nodes, roots, data):
    size = data.draw(st.integers(1, LARGEST))
    index = data.draw(st.integers(0, size - 1))
    proof = tlog.inclusion_proof(index, size, nodes)
    assert proof == path(index, LEAVES[:size])
    tlog.check_inclusion(tlog.leaf_hash(LEAVES[index]), index, size, proof, roots[size])
    other = data.draw(st.integers(0, size - 1).filter(lambda place: place != index) if size > 1 else st.just(1))
    with pytest.raises(ProofRejected):
        tlog.check_inclusion(tlog.leaf_hash(LEAVES[index]), other, size, proof, roots[size])


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_consistency_between_any_two_sizes(nodes, roots, data):
    new = data.draw(st.integers(1, LARGEST))
    old = data.draw(st.integers(1, new))
    proof = tlog.consistency_proof(old, new, nodes)
    assert proof == subproof(old, LEAVES[:new], True)
    tlog.check_consistency(old, new, proof, roots[old], roots[new])
    with pytest.raises(ProofRejected):
        tlog.check_consistency(old, new, proof, roots[old - 1], roots[new])


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_damaged_proof_holds(nodes, roots, data):
    new = data.draw(st.integers(2, LARGEST))
    old = data.draw(st.integers(1, new - 1))
    proof = tlog.consistency_proof(old, new, nodes)
    place = data.draw(st.integers(0, len(proof) - 1))
    changed = [bytes(32) if at == place else step for at, step in enumerate(proof)]
    for damaged in (changed, proof[:place] + proof[place + 1 :], [*proof, bytes(32)]):
        with pytest.raises(ProofRejected):
            tlog.check_consistency(old, new, damaged, roots[old], roots[new])


def test_a_proof_looks_up_few_nodes(nodes):
    asked = []

    def counted(level, index):
        asked.append((level, index))
        return nodes(level, index)

    tlog.inclusion_proof(77, 199, counted)
    assert len(asked) <= 2 * (199).bit_length()


@pytest.mark.parametrize("index", [-1, 8, 9])
def test_no_inclusion_proof_outside_the_tree(nodes, index):
    with pytest.raises(ValueError, match="outside"):
        tlog.inclusion_proof(index, 8, nodes)


@pytest.mark.parametrize("old", [-1, 9])
def test_no_consistency_proof_outside_the_tree(nodes, old):
    with pytest.raises(ValueError, match="between"):
        tlog.consistency_proof(old, 8, nodes)


def test_an_empty_log_is_contained_in_every_log(roots):
    tlog.check_consistency(0, 5, [], tlog.EMPTY_ROOT, roots[5])
    tlog.check_consistency(0, 0, [], tlog.EMPTY_ROOT, tlog.EMPTY_ROOT)
    with pytest.raises(ProofRejected):
        tlog.check_consistency(0, 5, [], roots[1], roots[5])
    with pytest.raises(ProofRejected):
        tlog.check_consistency(0, 0, [], tlog.EMPTY_ROOT, roots[1])


def test_consistency_proof_that_is_cut_before_its_end(nodes, roots):
    with pytest.raises(ProofRejected, match="too short"):
        tlog.check_consistency(6, 8, tlog.consistency_proof(6, 8, nodes)[:1], roots[6], roots[8])


KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = KEY.public_key().public_bytes_raw()


def note(text, name="log"):
    return tlog.signed_note(text, name, PUBLIC, KEY.sign(text.encode("utf-8", "surrogatepass")))


def test_a_checkpoint_comes_back_as_it_was_signed(roots):
    head = tlog.TreeHead("log", 7, roots[7])
    assert tlog.open_checkpoint(note(head.text()), origin="log", public_key=PUBLIC) == head


def test_the_key_hash_is_that_of_a_published_verifier_key():
    """The key of Go's checksum database, sum.golang.org+033de0ae+Ac4z...: name, key hash and key are public."""
    key = b64decode("Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
    assert tlog.key_hash("sum.golang.org", key[1:]).hex() == "033de0ae"


ROOT_TEXT = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "log\n1\n",
        f"log\nx\n{ROOT_TEXT}\n",
        f"log\n1\n{ROOT_TEXT}\n\nafter a blank line\n",
        f"log\n1\n{ROOT_TEXT}\nescape \x1b[2K\n",
        f"log\n1\n{ROOT_TEXT}\r\n",
        f"log\n1\n{ROOT_TEXT}\nlone \ud800\n",
        f"log\n1\n{ROOT_TEXT[:-2]}B=\n",  # another spelling of the same bytes
        "log\n1\nAAAA\n",
    ],
)
def test_text_that_is_no_checkpoint(text):
    with pytest.raises(ProofRejected):
        tlog.open_checkpoint(note(text), origin="log", public_key=PUBLIC)


@pytest.mark.parametrize("line", ["", "\u2014 log", "- log AAAAAAAA", "\u2014 log A", "\u2014 log !!!!"])
def test_signature_lines_that_can_not_be_read(line):
    text = tlog.TreeHead("log", 1, bytes(32)).text()
    with pytest.raises(ProofRejected):
        tlog.open_checkpoint(f"{text}\n{line}\n", origin="log", public_key=PUBLIC)
