from __future__ import annotations

import gc

import pytest

from moderation.garbage import collecting_later


def test_nothing_is_searched_within_the_block_nor_what_it_left_behind_afterwards() -> None:
    before = gc.get_freeze_count()
    with collecting_later():
        assert not gc.isenabled()
        kept = [[] for _ in range(1000)]  # type: ignore[var-annotated]
    assert gc.isenabled()
    assert gc.get_freeze_count() - before >= len(kept)
    gc.unfreeze()


def test_collecting_goes_on_after_a_failure_and_stays_off_where_it_was() -> None:
    with pytest.raises(OSError, match="damaged"), collecting_later():
        raise OSError("damaged")
    assert gc.isenabled()
    gc.disable()
    with collecting_later():
        pass
    assert not gc.isenabled()
    gc.enable()
    gc.unfreeze()
