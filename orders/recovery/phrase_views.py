"""A provider's own words, for a status or a refusal: added once, undone when they were wrong."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.clocks import database_now
from core.regional.numbers import grouped
from core.roles import May
from core.web.messages import tell
from core.web.policy import StaffRequest, allow
from providers.actions.refusal_phrases import added_phrases, forget_phrase
from providers.actions.status_aliases import add_alias, aliases_of, forget_alias
from providers.models import Provider
from providers.panel_api import Dialect, OrderState

from ..polling.status_aliases import make_known_words_due, unknown_words
from ..status import ENDED_THERE, Status
from .phrase_forms import ForgetForm, ForgetPhraseForm, WordForm

PAGE = "orders/recovery/phrases.html"


@allow(May.RUN_PROVIDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def provider_words(request: StaffRequest, pk: int) -> HttpResponse:
    """The words nobody knows yet, with how many orders have them; POST says what one means."""
    provider = get_object_or_404(Provider, pk=pk)
    form = WordForm(request.POST) if request.method == "POST" else None
    if form is None or not form.is_valid():
        return render(request, PAGE, _context(provider, form), status=422 if form else 200)
    word, meaning = form.cleaned_data["word"], OrderState(form.cleaned_data["meaning"])
    now = database_now()
    if add_alias(provider, word, meaning, actor=request.user, now=now):
        due = make_known_words_due(now=now, provider_id=pk)
        asked = "1 order is" if due == 1 else f"{grouped(due)} orders are"
        label = Status(meaning.value).label
        messages.success(request, f"“{word}” means {label} from now on. {asked} asked about next.")
    else:
        messages.info(request, f"“{word}” was known already.")
    return redirect("provider-phrases", pk=pk)


@allow(May.RUN_PROVIDERS)
@require_POST
def provider_word_forget(request: StaffRequest, pk: int) -> HttpResponse:
    """Make a word unknown again."""
    provider = get_object_or_404(Provider, pk=pk)
    form = ForgetForm(request.POST)
    word = form.cleaned_data["word"] if form.is_valid() else ""
    tell(
        request,
        forget_alias(provider, word, actor=request.user, now=database_now()),
        f"“{word}” is unknown again. What it did to orders stays.",
        "This word was not known.",
    )
    return redirect("provider-phrases", pk=pk)


@allow(May.RUN_PROVIDERS)
@require_POST
def provider_phrase_forget(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a phrase prove nothing again."""
    provider = get_object_or_404(Provider, pk=pk)
    form = ForgetPhraseForm(request.POST)
    words = form.cleaned_data["phrase"] if form.is_valid() else ""
    tell(
        request,
        forget_phrase(provider, words, actor=request.user, now=database_now()),
        f"“{words}” proves nothing again. What it did to orders stays.",
        "This phrase was not known.",
    )
    return redirect("provider-phrases", pk=pk)


def _context(provider: Provider, form: WordForm | None) -> dict[str, Any]:
    """Every unknown word with a form of its own; the one that was sent keeps its mistakes."""
    sent = form.data.get("word", "") if form else ""
    rows = [
        (one, form if form and sent == one.word else _form_for(one.word, number))
        for number, one in enumerate(unknown_words(provider))
    ]
    known = aliases_of(Dialect.from_profile(provider.dialect))
    return {
        "provider": provider,
        "rows": rows,
        "phrases": added_phrases(provider),
        "known": sorted((word, Status(meaning.value)) for word, meaning in known.items()),
        "ending": [status.label for status in Status if status in ENDED_THERE],
        "stray": form if form and all(row[1] is not form for row in rows) else None,
    }


def _form_for(word: str, number: int) -> WordForm:
    return WordForm(initial={"word": word}, auto_id=f"word-{number}-%s")
