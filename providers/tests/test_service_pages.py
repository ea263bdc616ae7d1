from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from core.roles import Role
from providers.models import ChangeKind, Service, ServiceChange
from tests.builders import NOON, make_provider, make_service

from .conftest import LogIn


@pytest.fixture
def viewer(client_for_role: LogIn) -> Client:
    return client_for_role(Role.VIEWER)


def found(browser: Client, query: str) -> list[str]:
    """The external ids on the page, in its order."""
    page = browser.get(f"{reverse('services')}?{query}").content.decode()
    links = [int(pk) for pk in re.findall(r'class="cell-main"\s+href="/services/(\d+)/"', page)]
    ids = dict(Service.objects.values_list("pk", "external_id"))
    return [ids[pk] for pk in links]


@pytest.fixture
def catalog(db: None) -> None:
    north, harbor = make_provider(name="North"), make_provider(name="Harbor")
    make_service(
        north,
        external_id="a1",
        name="Visits · Zürich",
        category="Visits",
        rate=Decimal(5),
        refill=True,
        cancel=False,
    )
    make_service(
        north,
        external_id="a2",
        name="Visits · Berlin 50%",
        category="Visits",
        rate=Decimal("0.5"),
        refill=False,
        cancel=True,
    )
    make_service(
        harbor, external_id="b3", name="Plays", category="Audio", rate=Decimal(12), type="Package"
    )
    make_service(harbor, external_id="b4", name="Odd", category="Audio", rate=None, type="")
    make_service(harbor, external_id="b5", name="Visits, long ago", category="Visits", gone_at=NOON)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["b3", "b4", "a1", "a2"]),
        ("q=visits", ["a1", "a2"]),
        ("q=BERLIN+visi", ["a2"]),
        ("q=ZÜRICH", ["a1"]),
        ("q=50%25", ["a2"]),
        ("q=_", []),
        ("q=a1", ["a1"]),
        ("category=audio", ["b3", "b4"]),
        ("type=Package", ["b3"]),
        ("type=unknown", ["b4"]),
        ("refill=yes", ["a1"]),
        ("refill=no", ["a2"]),
        ("refill=unknown", ["b3", "b4"]),
        ("cancel=yes", ["a2"]),
        ("rate_from=1&rate_to=9", ["a1"]),
        ("rate_to=0.5", ["a2"]),
        ("available=gone", ["b5"]),
        ("available=all&q=visits", ["a1", "a2", "b5"]),
        ("sort=price", ["a2", "a1", "b3"]),
        ("sort=newest", ["b4", "b3", "a2", "a1"]),
    ],
)
@pytest.mark.usefixtures("catalog")
def test_the_catalog_is_narrowed(viewer: Client, query: str, ids: list[str]) -> None:
    assert found(viewer, query) == ids


@pytest.mark.parametrize(
    "query",
    [
        "provider=999",
        "provider=x",
        "rate_from=cheap",
        "rate_from=1e999",
        "type=Nonsense",
        "sort=z",
        "cursor=rubbish",
        "q=%00",
        "refill=maybe",
        "rate_to=NaN",
        "q=" + "x" * 5000,
    ],
)
@pytest.mark.usefixtures("catalog")
def test_what_is_not_understood_is_no_error(viewer: Client, query: str) -> None:
    assert viewer.get(f"{reverse('services')}?{query}").status_code == 200


@pytest.mark.parametrize("sort", ["", "price", "newest"])
def test_pages_follow_one_another_without_a_gap(
    viewer: Client, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr("providers.views.services.PAGE_SIZE", 4)
    provider = make_provider()
    for number in range(10):
        make_service(provider, external_id=str(number), rate=Decimal(number % 3) + Decimal("0.5"))
    seen, query = list[str](), f"sort={sort}"
    while True:
        ids = found(viewer, query)
        seen += ids
        page = viewer.get(f"{reverse('services')}?{query}").content.decode()
        following = re.search(r'rel="next" href="\?([^"]*)"', page)
        if following is None:
            break
        query = following[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 10


def test_a_cursor_of_another_order_is_the_first_page(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.views.services.PAGE_SIZE", 1)
    make_service(external_id="x"), make_service(external_id="y")
    page = viewer.get(reverse("services")).content.decode()
    cursor = re.search(r"cursor=([^\"&]+)\" *>? *Next|cursor=([^\"&]+)", page)
    assert cursor
    assert found(viewer, f"sort=price&cursor={cursor[1] or cursor[2]}") == ["x"]


def test_a_type_we_have_no_form_for_is_seen_but_not_ordered(
    client_for_role: LogIn, catalog: None
) -> None:
    operator = client_for_role(Role.OPERATOR)
    odd, plain = Service.objects.get(external_id="b4"), Service.objects.get(external_id="a1")
    order = reverse("order-new") + "?service="
    page = operator.get(reverse("services")).content.decode()
    assert "not orderable" in page
    assert f"{order}{plain.pk}" in page and f"{order}{odd.pk}" not in page
    assert (
        f"{order}{odd.pk}" not in operator.get(reverse("service", args=[odd.pk])).content.decode()
    )


def test_who_may_not_order_gets_no_button(viewer: Client, catalog: None) -> None:
    service = Service.objects.get(external_id="a1")
    for url in (reverse("services"), reverse("service", args=[service.pk])):
        assert reverse("order-new") not in viewer.get(url).content.decode()


@pytest.mark.usefixtures("catalog")
def test_the_order_form_is_offered_what_can_be_ordered(viewer: Client) -> None:
    url = reverse("service-search")
    page = viewer.get(f"{url}?q=a").content.decode()
    assert "Zürich" in page and "Plays" in page
    assert "Odd" not in page and "long ago" not in page
    assert f"?service={Service.objects.get(external_id='a1').pk}" in page
    assert "No service fits" in viewer.get(f"{url}?q=zebra").content.decode()
    assert "list-group-item" not in viewer.get(url).content.decode()


def test_of_many_fitting_services_twenty_are_offered(viewer: Client) -> None:
    provider = make_provider()
    for _ in range(21):
        make_service(provider)
    page = viewer.get(reverse("service-search") + "?q=visits").content.decode()
    assert page.count("list-group-item-action") == 20
    assert "the first 20." in page


def test_a_service_shows_how_its_price_moved(viewer: Client) -> None:
    service = make_service(description="A story.\nWith two lines.")
    for before, after in (("1", "1.125"), ("1.125", "0.9"), ("", "1"), ("0", "2")):
        ServiceChange.objects.create(
            service=service,
            provider=service.provider,
            kind=ChangeKind.RATE,
            before=before,
            after=after,
            seen_at=NOON,
        )
    page = viewer.get(reverse("service", args=[service.pk])).content.decode()
    assert "Price +12.5 %" in page and "Price −20.0 %" in page
    assert "A story.<br>With two lines." in page


def test_changes_are_narrowed_by_kind_and_provider(viewer: Client) -> None:
    one, two = make_service(name="One"), make_service(name="Two")
    for service, kind in ((one, ChangeKind.GONE), (two, ChangeKind.GONE), (two, ChangeKind.NAME)):
        ServiceChange.objects.create(
            service=service, provider=service.provider, kind=kind, seen_at=NOON, after=f"{kind}!"
        )
    url = reverse("service-changes")
    assert viewer.get(url).content.decode().count('data-label="Change"') == 3
    page = viewer.get(f"{url}?kind=gone&provider={two.provider_id}").content.decode()
    assert page.count('data-label="Change"') == 1 and "Two" in page
    assert viewer.get(f"{url}?kind=nonsense&provider=x").status_code == 200
