"""What an admin fills in about a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm, UserCreationForm

from core.forms import TablerForm
from core.models import User
from core.roles import ALLOWED, Role

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


class PersonNewForm(TablerForm, NewUserForm):
    role = _role_field()

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name")
        labels = {"username": "Username"}
        help_texts = {"username": "What they log in with. Letters, digits and @ . + - _"}


class PersonEditForm(TablerForm, UserForm):
    role = _role_field()

    class Meta:
        model = User
        fields = ("first_name", "last_name", "is_active")
        labels = {"is_active": "May log in"}
        help_texts = {"is_active": "Without this they are logged out at once, everywhere."}


class PasswordAlone(PasswordForm):
    """Writes nothing else of the person: somebody may let them go while it is being made."""

    def save(self, commit: bool = True) -> User:
        person: User = super().save(commit=False)
        if commit:
            person.save(update_fields=["password"])
        return person


class PersonPasswordForm(TablerForm, PasswordAlone):
    pass
