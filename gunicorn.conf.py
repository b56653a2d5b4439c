"""gunicorn's settings for the front; `serve.py` starts it. Threads wait while the room works, so there are many."""

import os

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = 2
worker_class = "gthread"
threads = 32
keepalive = 30
timeout = 60
graceful_timeout = 10
# Whoever reaches the control socket reconfigures the server; nobody here needs that.
control_socket_disable = True
# No access log: addresses and queries of researchers belong into the room's log, and nowhere else.
accesslog = None
errorlog = "-"
loglevel = "warning"
