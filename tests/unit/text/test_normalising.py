"""Disguises come off, ordinary text stays as it is. Each line is a case."""

from __future__ import annotations

import pytest

from moderation.text.normalising import normalise

ORDINARY = """
Das ist klasse, ist es nicht?
Klasse!!! Super!!
Der 3D-Drucker kostet 300 Euro, der 2D-Plot weniger.
G20, G7, 2G-Regel, 3G, 5G, H2O, CO2, Covid19 und SARS-CoV-2
Die 90er, ein 2jähriges Kind, 1,5-fach, 4x4 und B2B.
z. B., z.B., d. h., u. a., i. d. R., Dr. med., S. 12
Fridays4Future und me2u
Schreib an name@example.org, nicht an post@example.com.
Am 24.12.2025 um 18:30 Uhr, §§ 3 und 4 Abs. 2
Kaffee, Schifffahrt, Betttuch, Seeelefant, Zoo, Moor und Tee
Yıldız, Şık, Gökçe, Çağla, İbrahim, Öztürk und Erdoğan
Mohammed al-Ḥasan, Aïcha, Fāṭima, Nguyễn Văn Bình, Łukasz, Dvořák, Søren
O'Neill und D'Angelo, Müller-Lüdenscheidt
أحمد كتب تعليقا
Привет, как дела?
Die EU, die USA und die NATO tagen in Wien.
a b, c d
A/B-Test und 24/7
Stofffetzen, Flussschiff, Flussstrand, Missstand, Brennnessel, Stillleben, Schritttempo, Balletttänzer
Schneeeule, Teeernte, Kaffeeernte, Schlammmassen, Programmmanager, Pappplakat, Geschirrreiniger
Sauerstoffflasche, Fetttropfen, Schrottteil, Kongressstadt, Nussschale, Imbissstand, Auspuffflamme
U S A, U.S.A. und A. B. C.
Die FFF, in XXL, auf www und WWW, von AAA bis zum Dritten (III.) in der SSSR
X4B3K9, 4k31n und 0x3f
Cemil Şahin, Nguyen, Aaliyah, Isaac, Aaron, Vaasa, Ijssel, Hawaii
""".strip().splitlines()


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_not_damaged(text: str) -> None:
    assert normalise(text).text == text


DISGUISED = [
    ("\u0406diot", "Idiot"),
    ("I\u200bd\u200bi\u200bo\u200bt", "Idiot"),
    ("\uff29\uff44\uff49\uff4f\uff54", "Idiot"),
    ("\U0001d408\U0001d41d\U0001d422\U0001d428\U0001d42d", "Idiot"),
    ("I d i o t", "Idiot"),
    ("I.d.i.o.t", "Idiot"),
    ("I-d-i-o-t", "Idiot"),
    ("I.d.1.o.t", "Idiot"),
    ("A.r.s.c.h.l.0.c.h", "Arschloch"),
    ("Id1ot", "Idiot"),
    ("Id!ot", "Idiot"),
    ("Sche1$$e", "Scheisse"),
    ("$cheiße", "scheiße"),
    ("F1cken", "Ficken"),
    ("Idiooooot", "Idiot"),
    ("Arschhhloch, Idddiot, annnderen", "Arschloch, Idiot, anderen"),
    ("Trottelll, lllügner, hetzzzt", "Trottel, lügner, hetzt"),
    ("geeewöhnlich, Probleeem, liebeee", "gewöhnlich, Problem, liebe"),
    ("M0d3r470r", "Moderator"),
    ("so e i n I d i o t", "so ein Idiot"),
    ("IIddiioott", "Idiot"),
    ("DU BIST EIN IDIOT", "du bist ein idiot"),
    ("I\u0308di\u0336o\u0336t\u0336", "\u00cfdiot"),
]


@pytest.mark.parametrize(("text", "meant"), DISGUISED)
def test_disguises_come_off(text: str, meant: str) -> None:
    assert normalise(text).text == meant


@pytest.mark.parametrize("text", [text for text, _ in DISGUISED])
def test_g5_every_character_knows_where_it_came_from(text: str) -> None:
    padded = f"Gut. {text} Ende."
    found = normalise(padded)
    assert len(found.origins) == len(found.text)
    assert list(found.origins) == sorted(found.origins)
    assert found.to_original(0, len(found.text)) == (0, len(padded))


@pytest.mark.parametrize(
    "text", ["", " ", "\ud83d", "\udc00\ud800", "x" * 1_000_000, "e" + "\u0301" * 10_000, "\u202e\u200b", "1" * 50_000]
)
def test_bad_input_is_read_without_complaint(text: str) -> None:
    found = normalise(text)
    assert len(found.origins) == len(found.text) <= max(len(text), 1)
