"""Addresses of the dashboard's own pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from . import palette, signing_in, views
from .first_run import views as first_run
from .health import views as health_views
from .help import views as help_views
from .people import views as people
from .profile import views as profile

urlpatterns: list[URLPattern] = [
    path("", views.overview, name="overview"),
    path("chart/", views.overview_chart, name="overview-chart"),
    path("start/", first_run.start, name="start"),
    path("start/overview/", first_run.start_on_overview, name="start-on-overview"),
    path("navigation/", views.navigation, name="navigation"),
    path("palette/", palette.palette, name="palette"),
    path("log-in/", signing_in.log_in, name="log-in"),
    path("log-in/dialog/", signing_in.log_in_again, name="log-in-again"),
    path("log-out/", signing_in.log_out, name="log-out"),
    path("password/", signing_in.password, name="password"),
    path("profile/", profile.profile, name="profile"),
    path("profile/theme/", profile.theme, name="theme"),
    path("people/", people.people, name="people"),
    path("people/new/", people.person_new, name="person-new"),
    path("people/<int:pk>/", people.person_edit, name="person-edit"),
    path("people/<int:pk>/password/", people.person_password, name="person-password"),
    path("help/", help_views.guide, name="guide"),
    path("help/<slug:slug>/", help_views.guide_page, name="guide-page"),
    path("healthz", health_views.healthz, name="healthz"),
    path("readyz", health_views.readyz, name="readyz"),
]
