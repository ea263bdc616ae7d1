"""The settings of a release that had Django's admin, whose table kept what people changed."""

from dashboard.settings import *  # noqa: F403 (Django wants all of them here)
from dashboard.settings import INSTALLED_APPS as TODAY

INSTALLED_APPS = ["django.contrib.admin.apps.SimpleAdminConfig", *TODAY]
