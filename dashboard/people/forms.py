"""What an admin fills in about a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.auth.forms import SetPasswordForm, UserCreationForm
from django.utils.translation import gettext_lazy as _

from core.forms import TablerForm
from core.models import User
from core.roles import ALLOWED, Role
from core.shown_fields import ShownFields

if TYPE_CHECKING:  # generic for the type checker only
    NewUserForm = UserCreationForm[User]
    UserForm = forms.ModelForm[User]
    PasswordForm = SetPasswordForm[User]
else:
    NewUserForm, UserForm, PasswordForm = UserCreationForm, forms.ModelForm, SetPasswordForm

_SUMS = {
    Role.VIEWER: "sees orders, the catalog and statistics",
    Role.OPERATOR: "also places, refills and cancels orders",
    Role.MANAGER: "also places many orders at once, resolves orders, runs providers, sees balances",
    Role.ADMIN: "also keeps provider keys and people",
}
ROLE_CHOICES = [(role.value, f"{role.value.capitalize()}: {_SUMS[role]}") for role in ALLOWED]


def _role_field() -> Any:
    return forms.TypedChoiceField(
        label="Role", choices=ROLE_CHOICES, coerce=Role, widget=forms.RadioSelect
    )


class NewPassword:
    """What the forms that set a password say, and where: a password that is refused is the first
    of the two, not its repetition."""

    error_messages: ClassVar[dict[str, Any]] = {
        "password_mismatch": _("The two passwords differ. Type the same password twice."),
        "password_incorrect": _("This is not your password now. Type it again."),
    }

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for name, field in self.fields.items():  # type: ignore[attr-defined]  # of the form
            if name.endswith("password2"):
                field.label, field.help_text = _("Repeat the password"), ""

    def validate_password_for_user(self, user: User, *repeated: str) -> None:
        first = "new_password1" if repeated else "password1"
        super().validate_password_for_user(user, first)  # type: ignore[misc]  # of the form


class PersonNewForm(TablerForm, NewPassword, NewUserForm):
    role = _role_field()

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name")
        labels = {"username": "Username"}
        help_texts = {"username": "What they log in with. Letters, digits and @ . + - _"}
        error_messages = {
            "username": {
                "unique": _("Another person has this username."),
                "invalid": _("Use only letters, digits and the signs @ . + - _, without spaces."),
            }
        }


class PersonEditForm(ShownFields, TablerForm, UserForm):
    role = _role_field()

    class Meta:
        model = User
        fields = ("first_name", "last_name", "is_active")
        labels = {"is_active": "May log in"}
        help_texts = {"is_active": "Without this they are logged out at once, everywhere."}


class PasswordAlone(NewPassword, PasswordForm):
    """Writes nothing else of the person: somebody may let them go while it is being made."""

    def save(self, commit: bool = True) -> User:
        person: User = super().save(commit=False)
        if commit:
            person.save(update_fields=["password"])
        return person


class PersonPasswordForm(TablerForm, PasswordAlone):
    pass
