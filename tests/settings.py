"""The product's settings on a PostgreSQL and a Valkey that this test run started itself.

The PostgreSQL server is shared by all test runs of this checkout; each has a database of its own.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from portal.demo.services import EmbeddedPostgres, EmbeddedValkey

_cache = Path(__file__).resolve().parent.parent / ".cache"
_postgres = EmbeddedPostgres(_cache / "test-postgres", durable=False)
_valkey_folder = Path(tempfile.mkdtemp(prefix="portal-test-valkey-"))
_valkey = EmbeddedValkey(_valkey_folder)
atexit.register(shutil.rmtree, _valkey_folder, ignore_errors=True)
atexit.register(_valkey.stop)

os.environ["DATABASE_URL"] = _postgres.start()
os.environ["REDIS_URL"] = _valkey.start()
os.environ.update(DEBUG="false", BEHIND_TLS="false", STATIC_FROM_SOURCE="true")
os.environ["SECRET_KEY"] = "only-for-tests-only-for-tests-only-for-tests-only"
os.environ["ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1"
os.environ.pop("BLUEPRINTS_DIR", None)

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATABASES  # noqa: E402

DATABASES["default"]["TEST"] = {"NAME": f"test_portal_{os.getpid()}"}
DATABASES["default"]["CONN_MAX_AGE"] = 0
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
