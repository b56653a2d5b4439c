import pytest

from jali import Flaw, VerificationError
from jali.merkle import check_consistency, check_inclusion
from tests.client import fake_front as fake

SIZES = range(1, 18)
LEAVES = [bytes([number]) * (number + 1) for number in range(17)]


def includes(index, size, proof, *, leaf=None, root=None):
    root = root or fake.tree_hash(LEAVES[:size])
    check_inclusion(leaf or LEAVES[index], index=index, size=size, proof=proof, root=root)


def extends(old, new, proof, **changes):
    roots = {"old_root": fake.tree_hash(LEAVES[:old]), "new_root": fake.tree_hash(LEAVES[:new])} | changes
    check_consistency(old_size=old, new_size=new, proof=proof, **roots)


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_of_every_tree_is_found(size):
    for index in range(size):
        includes(index, size, fake.path(index, LEAVES[:size]))


@pytest.mark.parametrize("size", SIZES)
def test_every_tree_extends_every_smaller_one(size):
    for old in range(1, size + 1):
        extends(old, size, fake.subproof(old, LEAVES[:size]))


@pytest.mark.parametrize("size", SIZES)
def test_no_other_inclusion_proof_passes(size):
    for index in range(size):
        proof = fake.path(index, LEAVES[:size])
        wrong = [
            (index, [*proof, bytes(32)]),
            (size, proof),
            (-1, proof),
            ((index + 1) % size, proof if size > 1 else [b""]),
        ]
        wrong += [(index, [*proof[:place], bytes(32), *proof[place + 1 :]]) for place in range(len(proof))]
        wrong += [(index, proof[:-1])] if proof else []
        for place, other in wrong:
            with pytest.raises(VerificationError) as error:
                includes(place, size, other, leaf=LEAVES[index])
            assert error.value.flaw is Flaw.NOT_IN_LOG


@pytest.mark.parametrize("size", SIZES)
def test_no_other_consistency_proof_passes(size):
    for old in range(1, size + 1):
        proof = fake.subproof(old, LEAVES[:size])
        wrong = [[*proof[:place], bytes(32), *proof[place + 1 :]] for place in range(len(proof))]
        wrong += [[*proof, bytes(32)], *([proof[:-1]] if proof else [])]
        for other in wrong:
            with pytest.raises(VerificationError) as error:
                extends(old, size, other)
            assert error.value.flaw is Flaw.SPLIT_VIEW
        for root in ("old_root", "new_root"):
            with pytest.raises(VerificationError):
                extends(old, size, proof, **{root: bytes(32)})


def test_a_smaller_tree_is_a_roll_back():
    with pytest.raises(VerificationError) as error:
        extends(5, 4, [])
    assert error.value.flaw is Flaw.ROLLED_BACK


def test_everything_extends_the_empty_tree():
    extends(0, 7, [])
    with pytest.raises(VerificationError):
        extends(0, 7, [], old_root=bytes(32))
