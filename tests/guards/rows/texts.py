"""What comes in from people: texts, files, pastes, forms that are kept, days."""

from __future__ import annotations

from tests.guards.guard import Guard

CELLS = "orders/tests/placing/test_cells.py"
KEPT_FORMS = "dashboard/tests/test_kept_forms.py"
LOCAL_DAYS = "dashboard/tests/test_local_days.py"
PASTE_FILES = "orders/tests/mass/test_paste_files.py"
READABLE_TEXT = "dashboard/tests/test_readable_text.py"


GUARDS = (
    Guard(
        "text: a form",
        "            request.POST = _cleaned(request.POST)",
        "            pass",
        (
            f"{READABLE_TEXT}::test_what_cannot_be_read_is_kept_to_be_seen_and_refused_beside_its_field",
        ),
        "core/web/incoming.py",
        items=(28,),
    ),
    Guard(
        "text: a form in another encoding",
        "        if not _is_utf_8(request.encoding) and request.method in _WITH_BODY:",
        "        if False:",
        (f"{READABLE_TEXT}::test_a_form_in_another_encoding_is_refused_in_words",),
        "core/web/incoming.py",
        items=(28,),
    ),
    Guard(
        "file: what is no text",
        "    if content.startswith(_NO_TEXT):",
        "    if False:",
        (f"{PASTE_FILES}::test_another_file_is_refused_with_its_line",),
        "orders/mass/read_file.py",
        items=(28,),
    ),
    Guard(
        "file: a mark says how it is written",
        'encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "")',
        'encoding = ""',
        (f"{PASTE_FILES}::test_what_a_spreadsheet_writes_is_read",),
        "orders/mass/read_file.py",
        items=(28,),
    ),
    Guard(
        "file: UTF-16 without its mark",
        "encoding = encoding or _without_mark(content)",
        'encoding = encoding or "utf-8"',
        (f"{PASTE_FILES}::test_what_a_spreadsheet_writes_is_read",),
        "orders/mass/read_file.py",
        items=(28,),
    ),
    Guard(
        "file: the encoding of one country is not guessed",
        "    except UnicodeDecodeError as error:\n",
        "    except UnicodeDecodeError as error:\n        return content.decode('latin-1')\n",
        (f"{PASTE_FILES}::test_another_file_is_refused_with_its_line",),
        "orders/mass/read_file.py",
        items=(28,),
    ),
    Guard(
        "paste: a link in a formula",
        "    if formula := _FORMULA.fullmatch(link):",
        "    if formula := None:",
        (f"{CELLS}::test_a_link_is_its_address",),
        "orders/placing/cells.py",
        items=(31,),
    ),
    Guard(
        "paste: a link in markdown",
        "for written in (_MARKDOWN, _ANCHOR, _POINTED)",
        "for written in (_ANCHOR, _POINTED)",
        (f"{CELLS}::test_a_link_is_its_address",),
        "orders/placing/cells.py",
        items=(31,),
    ),
    Guard(
        "paste: what is left is no address",
        "return bool(_LEFT_OVER.match(link))",
        "return False",
        (f"{CELLS}::test_what_is_no_address_after_all_is_known",),
        "orders/placing/cells.py",
        items=(31,),
    ),
    Guard(
        "kept form: what another site had sent",
        '        if request.method != "POST" or not is_from_here(request):',
        '        if request.method != "POST":',
        (f"{KEPT_FORMS}::test_what_another_site_had_sent_lies_ready_behind_no_click",),
        "core/web/kept_forms.py",
        items=(32,),
    ),
    Guard(
        "days: each moment by its own offset",
        "shift = Case(*whens, default=_modifier(last)) if whens else _modifier(last)",
        "shift = _modifier(last)",
        (f"{LOCAL_DAYS}::test_an_order_of_any_hour_stands_on_its_own_day",),
        "dashboard/local_days.py",
        items=(33,),
    ),
)
