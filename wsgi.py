"""What gunicorn serves: the front."""

from enclave_api.app import create_app
from enclave_api.config import Settings

app = create_app(Settings.from_environment())
