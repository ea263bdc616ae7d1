"""How much of an order was delivered, as far as what its provider says can be believed."""

from __future__ import annotations

from ..status import AT_PROVIDER, ENDED_THERE, Status


class Delivered:
    """The figures of an `Order` that follow from its own columns."""

    status: str
    units: int | None
    start_count: int | None
    remains: int | None
    part_words: str = ""  # which run of which order it is; `name_parts` writes it on rows
    delivered_by_parts: int | None = None  # by what it started; `sum_parts` writes it on rows

    @property
    def delivered(self) -> int | None:
        """Units delivered: as far as the provider's `remains` can be believed, else by the parts
        it started, where `sum_parts` has looked; completed without either is all of it."""
        if self.units is None:
            return None
        if self.tells_remains and self.remains is not None:
            return self.units - self.remains
        if self.delivered_by_parts is not None:
            return min(self.delivered_by_parts, self.units)
        return self.units if self.status == Status.COMPLETED else None

    @property
    def undelivered(self) -> int:
        """Units that an ended order still lacks, as far as is known."""
        done = self.delivered
        if done is None or self.status not in ENDED_THERE:
            return 0
        return max((self.units or done) - done, 0)

    @property
    def count_at_end(self) -> int | None:
        """What the link's count will be, by what it was at the start."""
        start, units = self.start_count, self.units
        return None if start is None or units is None else start + units

    @property
    def count_now(self) -> int | None:
        done = self.delivered
        return None if done is None or self.start_count is None else self.start_count + done

    @property
    def tells_remains(self) -> bool:
        """Fresh orders often say that nothing remains: only a status word means done."""
        is_fresh = self.status in AT_PROVIDER and self.remains == 0
        return self.remains is not None and self.remains_is_believable and not is_fresh

    @property
    def remains_is_believable(self) -> bool:
        """False where the provider says that more remains than was ordered, or less than none."""
        return self.remains is None or 0 <= self.remains <= (self.units or self.remains)
