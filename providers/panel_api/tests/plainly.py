"""Results and errors as plain JSON values, so that samples can say what they expect."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from enum import StrEnum
from typing import Any

from providers.panel_api import ProviderError, Rejected


def plainly(result: Any) -> Any:
    """A result as its class name and what makes it that result, defaults left out."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        said = {
            item.name: plainly(getattr(result, item.name))
            for item in dataclasses.fields(result)
            if item.compare and getattr(result, item.name) != _default(item)
        }
        return {type(result).__name__: said}
    if isinstance(result, dict):
        return {key: plainly(value) for key, value in result.items()}
    if isinstance(result, tuple):
        return [plainly(value) for value in result]
    if isinstance(result, Decimal | StrEnum):
        return str(result)
    return result


def plain_error(error: ProviderError) -> list[str]:
    """The error's name, then its refusal code or the candidate id it holds, if any."""
    said = [type(error).__name__]
    if isinstance(error, Rejected):
        said.append(str(error.code))
    if error.evidence is not None and error.evidence.candidate_id:
        said.append(error.evidence.candidate_id)
    return said


def _default(item: dataclasses.Field[Any]) -> Any:
    if item.default is not dataclasses.MISSING:
        return item.default
    return item.default_factory() if item.default_factory is not dataclasses.MISSING else object()
