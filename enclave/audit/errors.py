"""What can be wrong with the log and its proofs, as raised by those who check.

JaliError
|-- ProofRejected   a proof, checkpoint or receipt does not show what it claims
`-- LogDamaged      the room's own log is not what was signed; every finding is a reason
"""

from policies.errors import JaliError


class ProofRejected(JaliError):
    """A proof, a checkpoint or a receipt does not show what it claims."""

    kind = "proof-rejected"


class LogDamaged(JaliError):
    """The stored log is not what was signed; `reasons` name each finding."""

    kind = "log-damaged"
