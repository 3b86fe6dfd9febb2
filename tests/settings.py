"""The product's settings on the PostgreSQL and the Valkey of this test run."""

import os

from tests.support.run import join_run

join_run()
os.environ.update(DEBUG="false", BEHIND_TLS="false", STATIC_FROM_SOURCE="true")
os.environ["SECRET_KEY"] = "only-for-tests-only-for-tests-only-for-tests-only"
os.environ["ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1"
os.environ["BREACHED_PASSWORDS_URL"] = ""  # no network; a test serves the answers of one password
os.environ.pop("BLUEPRINTS_DIR", None)

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATABASES  # noqa: E402

DATABASES["default"]["TEST"] = {"NAME": "test_portal"}
DATABASES["default"]["CONN_MAX_AGE"] = 0
WHITENOISE_AUTOREFRESH = True  # or each client of a test would read all static files
DATABASES["default"]["ENGINE"] = "tests.support.database"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
