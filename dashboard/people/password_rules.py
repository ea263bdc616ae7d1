"""What a password must be. Django checks it; what is said beside the field is ours."""

from __future__ import annotations

from django.contrib.auth import password_validation as rules
from django.utils.translation import gettext as _


class LongEnough(rules.MinimumLengthValidator):
    def get_error_message(self) -> str:
        return _("This is too short. Use at least %d characters.") % self.min_length

    def get_help_text(self) -> str:
        return _("At least %d characters.") % self.min_length


class UnlikeThePerson(rules.UserAttributeSimilarityValidator):
    def get_error_message(self) -> str:
        return _("This is too much like the person’s %(verbose_name)s. Use other words.")

    def get_help_text(self) -> str:
        return _("Not like the person’s name.")


class Uncommon(rules.CommonPasswordValidator):
    def get_error_message(self) -> str:
        return _("Many people use this password, so it is easily guessed. Use another one.")

    def get_help_text(self) -> str:
        return _("Not a password that many people use.")


class NotOnlyDigits(rules.NumericPasswordValidator):
    def get_error_message(self) -> str:
        return _("This has only digits. Add letters or words.")

    def get_help_text(self) -> str:
        return _("Not only digits.")
