from __future__ import annotations

import datetime as dt

from seeds.article import article


def test_the_article_has_a_head_a_lead_and_paragraphs() -> None:
    shown = article()

    assert shown.title.startswith("DeepSeek R1")
    assert shown.author == "Miriam Osterkamp"
    assert shown.published_at == dt.datetime(2025, 1, 28, 5, 30, tzinfo=dt.UTC)
    assert shown.lead.startswith("Ein frei verfügbares Sprachmodell")
    assert shown.paragraphs[0].startswith("Das chinesische Unternehmen")
    assert shown.paragraphs[-1].endswith("gestritten.")


def test_the_article_is_as_long_as_it_was_asked_to_be() -> None:
    words = " ".join((article().lead, *article().paragraphs)).split()

    assert 220 <= len(words) <= 280
