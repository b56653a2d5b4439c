"""The end of the line that runs in a peer's own interpreter: JSON lines in, JSON lines out. Standard library only.

Run as `python answering.py SCRIPT`, where SCRIPT defines DATA (how the peer was given the data) and
`prepared(question)`, which gives a function that answers anew at each call. The first line in is the question, each
further one asks for an answer; a failure is told as one.
"""

import json
import runpy
import sys
from time import perf_counter
from typing import Any


def main(script: str) -> None:
    """Answer until the input ends, or the first failure."""
    try:
        peer = runpy.run_path(script)
        answer = peer["prepared"](json.loads(sys.stdin.readline()))
        _tell({"data": peer["DATA"]})
        for _ in sys.stdin:
            start = perf_counter()
            rows = answer()
            _tell({"milliseconds": (perf_counter() - start) * 1000, "rows": rows})
    except Exception as error:
        _tell({"failed": f"{type(error).__name__}: {error}"})


def _tell(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
