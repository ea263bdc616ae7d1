"""One settings file; the environment decides. `.env.example` lists every variable.

Values are looked up in the process environment, then in `.env` beside manage.py, then in
`secrets.env` in the data directory, which `manage.py up` writes on its first start.
"""

from __future__ import annotations

import os
from pathlib import Path

import environ
from csp.constants import NONE, SELF

from core import clocks
from dashboard.databases.postgresql import timeouts
from dashboard.serving.room import MOST_BODY
from dashboard.supervisor.broker import socket_path
from dashboard.timetable import TIMETABLE

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")
for name in [name for name, value in os.environ.items() if not value]:
    del os.environ[name]  # left empty, as in a copied .env.example, means not given
DATA_DIR = Path(env.str("DESK_DATA_DIR", default=str(BASE_DIR / "data"))).resolve()
env.read_env(DATA_DIR / "secrets.env")

# Safety

SECRET_KEY = env.str("SECRET_KEY", default="")
FIELD_ENCRYPTION_KEYS: list[str] = env.list("FIELD_ENCRYPTION_KEYS", default=[])
DEBUG = env.bool("DEBUG", default=False)
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]  # always, for health checks on the machine itself
ALLOWED_HOSTS: list[str] = [*env.list("ALLOWED_HOSTS", default=[]), *LOOPBACK]
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
DESK_HTTPS = env.bool("DESK_HTTPS", default=False)

SECURE_SSL_REDIRECT = DESK_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if DESK_HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if DESK_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = DESK_HTTPS
SECURE_HSTS_PRELOAD = DESK_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = DESK_HTTPS
SESSION_COOKIE_NAME = "__Host-desk-session" if DESK_HTTPS else "desk-session"
CSRF_COOKIE_NAME = "__Host-desk-csrf" if DESK_HTTPS else "desk-csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "dashboard.failures.csrf_refused"
SESSION_COOKIE_AGE = clocks.SESSION_SECONDS
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

# The desk

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "csp",
    "django_htmx",
    "template_partials",
    "core",
    "providers",
    "orders",
    "dashboard",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",  # its files are compressed already
    "django.middleware.gzip.GZipMiddleware",  # why that is safe: docs/decisions/compressed-pages.md
    "csp.middleware.CSPMiddleware",
    "core.web.incoming.ReadableText",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dashboard.session_age.SlidingSession",
    "dashboard.profile.regional.AsThePersonReads",
    "dashboard.signing_in.LogInFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "core.web.live_parts.UnchangedParts",
]

ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"

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
                "dashboard.navigation.navigation",
                "dashboard.first_run.steps.first_run",
            ],
            "builtins": [
                "core.templatetags.desk",
                "core.templatetags.components",
                "django.templatetags.i18n",
            ],
        },
    }
]

# Rows

SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": clocks.SQLITE_BUSY_SECONDS,
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=134217728;"
        "PRAGMA journal_size_limit=67108864;PRAGMA wal_autocheckpoint=4000;"
        "PRAGMA cache_size=-20000;PRAGMA temp_store=MEMORY"
    ),
}
POSTGRESQL_OPTIONS = {
    "pool": {"min_size": 1, "max_size": 40, "timeout": 20},
    **timeouts(
        connect=env.int("DESK_DATABASE_CONNECT_SECONDS", default=5),
        silent=env.int("DESK_DATABASE_SILENT_SECONDS", default=20),
        statement=env.int("DESK_DATABASE_STATEMENT_SECONDS", default=60),
    ),
}

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'desk.sqlite3'}")}
if "sqlite" in DATABASES["default"]["ENGINE"]:
    DATABASES["default"].setdefault("OPTIONS", {}).update(SQLITE_OPTIONS)
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "tests.sqlite3")}  # threads see a file
else:
    DATABASES["default"].setdefault("OPTIONS", {}).update(POSTGRESQL_OPTIONS)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # the pool survives a restart of the server
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "dashboard.people.password_rules.UnlikeThePerson"},
    {"NAME": "dashboard.people.password_rules.LongEnough", "OPTIONS": {"min_length": 12}},
    {"NAME": "dashboard.people.password_rules.Uncommon"},
    {"NAME": "dashboard.people.password_rules.NotOnlyDigits"},
]
LOGIN_URL = "log-in"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "log-in"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = clocks.LOG_IN_COOL_OFF
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "dashboard/locked_out.html"
AXES_HTTP_RESPONSE_CODE = 429
AXES_VERBOSE = False

# Queues: the row is the queue, these only carry bells

REDIS_URL = env.str("REDIS_URL", default="")
EMBEDDED_BROKER = not REDIS_URL
REDIS_URL = REDIS_URL or f"redis+socket://{socket_path(DATA_DIR)}"
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": clocks.BELL_REDELIVERY_SECONDS,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "max_retries": 1,  # a page never waits for a broker that is down: the sweep rings later
    "interval_start": 0,
    "interval_max": 0.1,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "follow"
CELERY_TASK_ROUTES = {
    name: {"queue": "dispatch"}
    for name in (
        "orders.dispatch",
        "orders.sweep",
        "orders.send_requests",
        "orders.sweep_requests",
        "orders.import_spool",
        "orders.ring_probes",
        "orders.compare",
    )
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # a send must end its way
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = TIMETABLE
CELERY_BEAT_SCHEDULER = "dashboard.messaging.beat:WatchedScheduler"

POLL_LEASES = env.int("DESK_POLL_LEASES", default=env.int("DESK_FOLLOW_LANES", default=16))

# Providers

SANDBOX_URL = env.str("DESK_SANDBOX_URL", default="")
SANDBOX_SPEED = env.float("DESK_SANDBOX_SPEED", default=60.0)
PROVIDER_PORTS: list[int] = [int(port) for port in env.list("DESK_PROVIDER_PORTS", default=["443"])]

# Pages

LANGUAGE_CODE = "en"
TIME_ZONE = env.str("DESK_TIME_ZONE", default="UTC")
USE_I18N = False
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "core.web.static_files.HashedStaticFiles"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # it would take x.min.js for x.js with the hash "min"
DATA_UPLOAD_MAX_MEMORY_SIZE = MOST_BODY
PORT = env.int("PORT", default=8000)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "redact": {"()": "core.redaction.RedactSecrets"},
        "not_readyz": {  # its 503 is an answer; Django logs it as an error
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: "/readyz" not in record.getMessage(),
        },
    },
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]}
    },
    "root": {"handlers": ["console"], "level": env.str("DESK_LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"filters": ["not_readyz"]},
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "axes": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
    },
}
