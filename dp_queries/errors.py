"""What the SQL door can't answer, told by the text and public facts alone."""

from policies.errors import JaliError


class QueryRejected(JaliError):
    """The SQL can't be answered; each reason has a stable code, a message and the place in the text."""

    kind = "query-rejected"
