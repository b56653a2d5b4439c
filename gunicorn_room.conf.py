"""gunicorn's settings for the room; `serve.py` starts it. One worker: one process writes the ledger and the log."""

import os
from pathlib import Path

_home = Path(os.environ.get("JALI_HOME") or "var").absolute()
_socket = Path(os.environ.get("JALI_ROOM_SOCKET") or _home / "run" / "room.sock")

bind = f"unix:{_socket}"
# Under one uid the socket is for its owner alone. With uids of their own the front must write to it: then the folder
# around it lets only the front's group in, and the room asks the kernel who connected.
umask = 0o111 if os.environ.get("JALI_SEPARATION") == "separated" else 0o177
workers = 1
worker_class = "gthread"
threads = 32
# Longer than the link keeps idle connections (10 s), so that only the link closes them.
keepalive = 60
timeout = 60
graceful_timeout = 10
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"
