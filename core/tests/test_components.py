"""The component tags: their markup stands in one place, and what they hold is escaped once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from core.models import User
from core.roles import ALLOWED, May, Role


def draw(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


def test_a_fact_is_a_title_with_what_it_holds() -> None:
    drawn = draw('{% fact title "break" %}\n  {{ value }}\n{% endfact %}', title="A&B", value="<i>")
    assert drawn == (
        '<div class="datagrid-item"><div class="datagrid-title">A&amp;B</div>'
        '<div class="datagrid-content break">&lt;i&gt;</div></div>'
    )


def test_an_alert_says_its_level_and_how_urgent_it_is() -> None:
    urgent = draw('{% alert "danger" "ban" %}No{% endalert %}')
    assert '<div class="alert alert-danger" role="alert">' in urgent
    assert '#ban"></use>' in urgent
    calm = draw(
        '{% alert level "key" role="status" account="down" %}{% endalert %}', level="warning"
    )
    assert '<div class="alert alert-warning" role="status" data-account="down">' in calm


@pytest.mark.parametrize(("color", "level"), [("red", "danger"), ("orange", "warning")])
def test_trouble_in_red_is_danger(color: str, level: str) -> None:
    assert draw("{{ color|alert_level }}", color=color) == level


def test_an_empty_state_offers_what_to_do() -> None:
    drawn = draw(
        '{% empty_state "inbox" "None" address="/new/" action="New" %}Why{% endempty_state %}'
    )
    assert '<p class="empty-title">None</p>' in drawn
    assert '<p class="empty-subtitle text-secondary">Why</p>' in drawn
    assert '<a class="btn btn-primary" href="/new/">New</a>' in drawn
    assert "empty-subtitle" not in draw('{% empty_state "inbox" "None" %}{% endempty_state %}')


@pytest.mark.parametrize(
    ("tag", "may", "is_led"),
    [
        ('"/providers/new/" "Add"', May.KEEP_CREDENTIALS, True),
        ('"/providers/new/" "Add"', May.SEE, False),
        ('"/providers/" "Open" needs', May.SEE, False),
        ('"/nowhere/" "Go"', May.SEE, True),
    ],
)
def test_who_may_not_go_on_reads_who_may(tag: str, may: May, is_led: bool) -> None:
    role = next(role for role in Role if may in ALLOWED[role])
    request = RequestFactory().get("/")
    request.user = User(username="somebody")
    vars(request.user)["role"] = role
    source = f'{{% empty_state "inbox" "None" {tag} %}}{{% endempty_state %}}'
    drawn = draw(source, request=request, needs=May.KEEP_CREDENTIALS)
    assert ('class="btn btn-primary"' in drawn) is is_led
    assert ("Only admins may set a provider&#x27;s address and key." in drawn) is not is_led


def test_a_list_before_the_first_order_leads_to_what_is_missing_for_it() -> None:
    source = (
        '{% nothing_yet "inbox" "No orders" address="/a/" action="New" %}Why{% endnothing_yet %}'
    )
    assert 'href="/a/">New<' in draw(source)
    step = SimpleNamespace(why="<key>", address="/b/", action="Add", needs=None)
    drawn = draw(source, first_run=SimpleNamespace(missing=step))
    assert 'href="/b/">Add<' in drawn and "&lt;key&gt;" in drawn and "Why" not in drawn


def test_a_figure_has_its_mark_and_its_label() -> None:
    drawn = draw(
        '{% kpi "clock" "blue" "Answers in" %}<div class="kpi-figure">3 s</div>{% endkpi %}'
    )
    assert '<span class="kpi-mark bg-blue-lt"><svg' in drawn
    assert '<div class="kpi-label">Answers in</div><div class="kpi-figure">3 s</div>' in drawn


def test_the_label_of_a_figure_may_tell_more() -> None:
    drawn = draw('{% kpi "coin" "azure" "Spend" about="Of today" %}{% endkpi %}')
    assert '<div class="kpi-label" title="Of today">Spend</div>' in drawn


def test_a_form_card_has_the_mistakes_the_token_and_the_way_back() -> None:
    told = {"form": {"non_field_errors": ["Not so."]}, "csrf_token": "a" * 64, "back": "/there/"}
    drawn = draw('{% form_card "Save" back address="/here/" %}<hr>{% endform_card %}', **told)
    assert 'action="/here/"' in drawn and f'value="{"a" * 64}"' in drawn
    assert drawn.index("Not so.") < drawn.index("<hr>") < drawn.index('href="/there/"')
    assert "action=" not in draw('{% form_card "Save" back %}{% endform_card %}', **told)


def test_one_box_ticks_all_of_a_column() -> None:
    drawn = draw('{% tick_all "order-box" "All of them" %}')
    assert drawn.startswith('<th class="w-1"><input ')
    assert 'data-check-all="[data-order-box]" aria-label="All of them"' in drawn


def test_a_filter_refreshes_its_list_where_it_is_told_to() -> None:
    drawn = draw(
        '{% filter_form "orders" "Filter" of="order" typed="id_q:300" %}{% endfilter_form %}'
    )
    assert 'action="/orders/" role="search" aria-label="Filter" id="order-filter"' in drawn
    assert 'hx-trigger="input changed delay:300ms from:#id_q, change, submit"' in drawn
    assert 'hx-target="#order-list"' in drawn
    assert "hx-" not in draw('{% filter_form "orders" "Filter" %}{% endfilter_form %}')


def test_tabs_stand_in_a_row_with_a_name() -> None:
    drawn = draw('{% tabs "Groups" %}<li></li>{% endtabs %}')
    assert drawn.endswith('aria-label="Groups"><li></li></ul></div>')


def test_a_tab_keeps_the_rest_of_the_query_and_marks_the_one_chosen() -> None:
    request = RequestFactory().get("/", {"q": "a", "show": "done", "cursor": "x"})
    source = '{% tab "show" "done" chosen=show %}Done{% endtab %}'
    here = draw(source, request=request, show="done")
    assert 'class="nav-link nowrap active" href="?q=a&amp;show=done" aria-current="true"' in here
    assert "aria-current" not in draw(source, request=request, show="")
    every = draw('{% tab "show" "" chosen=show %}All{% endtab %}', request=request, show=None)
    assert 'active" href="?q=a"' in every


def test_nobody_is_the_desk_itself() -> None:
    assert draw("{% person by %}", by=None) == "System"
    assert draw("{% person by %}", by=User(username="<ann>")) == "<bdi>&lt;ann&gt;</bdi>"
