"""An entry as it was published: its version and times, and where the world finds it. Pure; times are given in."""

from dataclasses import dataclass
from datetime import datetime

from policies.entries import Entry


@dataclass(frozen=True)
class Publication:
    """A version of an entry in the open list. `issued` is when the dataset was first listed, `modified` when so.

    `base` is the public address of the catalogue without a slash at its end, or empty: then addresses are relative
    to wherever a document was fetched.
    """

    entry: Entry
    version: int
    issued: datetime
    modified: datetime
    base: str = ""

    def __post_init__(self) -> None:
        if self.version < 1 or self.issued.tzinfo is None or self.modified.tzinfo is None:
            raise ValueError("a publication has a version from 1 on, and aware times")
        if self.modified < self.issued:
            raise ValueError("a publication is not modified before it is issued")

    @property
    def uid(self) -> str:
        """The dataset's name in every document, as agreements target it."""
        return f"urn:jali:dataset:{self.entry.name}"

    @property
    def page(self) -> str:
        """The dataset's page."""
        return f"{self.base}/catalogue/{self.entry.name}"

    @property
    def offer(self) -> str:
        """The opening conditions of conditionally open data, as an ODRL Offer (Art. 15)."""
        return f"{self.base}/api/v1/catalogue/{self.entry.name}/offer.jsonld"

    def download(self, table: str, kind: str) -> str:
        """The file of a table of unconditionally open data (Art. 17)."""
        return f"{self.base}/api/v1/catalogue/{self.entry.name}/download/{table}.{kind}"
