"""HTML as the text that it shows."""

from __future__ import annotations

import time

import pytest

from moderation.imports.markup import LONGEST, to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Eins</p><p>Zwei</p>", "Eins\n\nZwei"),
        ("<p>Eins</p>\n\n<p>Zwei</p>\n", "Eins\n\nZwei"),
        ("<div>Eins</div><div>Zwei<br>Drei</div>", "Eins\n\nZwei\nDrei"),
        ("<p>Ein   Satz\nüber Zeilen</p>", "Ein Satz über Zeilen"),
        ("<b>Fett</b> und <em>schräg</em>", "Fett und schräg"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2, &quot;Käse&quot; &#228;&#xe4;", '1 < 2 && 3 > 2, "Käse" ää'),
        ('<a href="https://a.example/x" rel="nofollow">dort</a>!', "dort (https://a.example/x)!"),
        ('<a href="https://a.example/x">https://a.example/x</a>', "https://a.example/x"),
        ('<a href="https://a.example/lang">https://a.exam...</a>', "https://a.example/lang"),
        ('<a href="javascript:alert(1)">dort</a>', "dort"),
        ("<blockquote><p>Zitat</p><p>weiter</p></blockquote><p>Antwort</p>", "> Zitat\n>\n> weiter\n\nAntwort"),
        ("<ul><li>eins</li><li>zwei</li></ul>", "- eins\n- zwei"),
        ("<script>alert(1)</script>Text<style>p{}</style>", "Text"),
        ("Text<!-- nichts --><img src=x onerror=alert(1)>", "Text"),
        ("<p>Offen <b>nie zu", "Offen nie zu"),
        ("3 < 5 und 7 > 5", "3 < 5 und 7 > 5"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("", ""),
        ("<p></p><p>&nbsp;</p>", ""),
    ],
)
def test_what_is_shown_is_what_is_kept(html: str, text: str) -> None:
    assert to_text(html, lines_count=False) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Eins\nZwei\n\nDrei", "Eins\nZwei\n\nDrei"),
        ("Eins\r\n\r\n\r\n\r\nZwei", "Eins\n\nZwei"),
        ("<strong>Eins</strong>\n<blockquote>Zitat</blockquote>\nZwei", "Eins\n\n> Zitat\n\nZwei"),
        ("    eingerückt", "eingerückt"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
    ],
)
def test_in_wordpress_line_ends_count(html: str, text: str) -> None:
    assert to_text(html, lines_count=True) == text


def test_half_a_character_is_handed_on() -> None:
    assert to_text("halb \ud83d", lines_count=False) == "halb \ud83d"


def test_what_is_far_too_long_is_not_read_at_all() -> None:
    assert len(to_text("<p>" * LONGEST, lines_count=False)) == 3 * LONGEST


@pytest.mark.parametrize(
    "piece", ["<", "<a ", "<!--", "<p><b>", "&", "<a href='", "</p>", "<blockquote>", "<li>", "]]>"]
)
def test_hostile_html_takes_no_time(piece: str) -> None:
    began = time.perf_counter()

    to_text(piece * (LONGEST // len(piece)), lines_count=False)

    assert time.perf_counter() - began < 20
