"""Controls F: what comes in, and what goes out."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from moderation.models import Role
from moderation.text.input import MAX_COMBINING_MARKS
from tests.checksums import changed, checksums
from tests.naughty_strings import SQL, TEXTS, XSS
from tests.safe_html import REL, forbidden_nodes
from tests.world import ARTICLE, ORIGIN, World, json_of, some_id

COMMENTS = f"/sites/demo/articles/{ARTICLE}/comments"


def codes(answer: object, field: str) -> list[str]:
    return [entry["code"] for entry in json_of(answer)["errors"][field]]  # type: ignore[arg-type]


def test_f1_nothing_that_could_run_is_left_in_a_comments_html(world: World) -> None:
    reader = world.person()

    for payload in XSS:
        own = world.comment(reader, f"Vorher {payload} nachher")
        assert forbidden_nodes(own["body_html"]) == [], payload
        alone = json_of(world.call("POST", f"{COMMENTS}/preview", {"body": payload}, by=reader))
        assert forbidden_nodes(alone["body_html"]) == [], payload
        world.clock.move(minutes=5)

    page = world.thread(limit=100)
    assert all(forbidden_nodes(item["body_html"]) == [] for item in page["items"])


@pytest.mark.parametrize("html", ["<script>x</script>", "<p onclick=x>", "<a href='javascript:x'>", "<img src=x>"])
def test_f1_the_check_itself_finds_what_it_looks_for(html: str) -> None:
    assert forbidden_nodes(html) != []


def test_f2_naughty_strings_are_kept_as_written_or_refused(world: World) -> None:
    reader = world.person()

    for text in (*TEXTS, *SQL):
        answer = world.post(reader, text)
        world.clock.move(minutes=61)
        assert answer.status_code == 201, text
        # The documented normalisation: line ends become \n, white space around the text goes.
        kept = text.replace("\r\n", "\n").replace("\r", "\n").strip()
        assert json_of(answer)["body"] == kept
        found = json_of(world.call("GET", f"/comments/{json_of(answer)['id']}", by=reader))
        assert found["body"] == kept
        assert forbidden_nodes(found["body_html"]) == []


def test_f2_naughty_names_are_kept_or_refused(world: World) -> None:
    for number, name in enumerate((*TEXTS, *SQL, *XSS)):
        wish = {"email": f"n{number}@example.org", "display_name": name, "password": "Ahornblatt am Fenster"}
        answer = world.call("POST", "/accounts", wish)
        world.clock.move(hours=1)
        assert answer.status_code in (201, 422), name
        if answer.status_code == 201:
            shown = json_of(answer)["display_name"]
            assert len(shown) <= 80
            assert shown.isprintable()


def test_f2_naughty_strings_anywhere_else_are_no_servers_error(world: World) -> None:
    moderator = world.person(Role.MODERATOR, "demo")
    comment = world.comment(world.person(), "Du Murrkopf!")
    strings = [*TEXTS[:40], *SQL, *XSS[:10], "\x00", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")]

    for text in strings:
        # Long enough for every limit to have forgotten the string before.
        world.clock.move(hours=1)
        encoded = quote(text, safe="")[:3000]
        for method, path in (
            ("GET", f"/sites/{encoded}/articles/{ARTICLE}/comments"),
            ("GET", f"/sites/demo/articles/{encoded}/comments"),
            ("GET", f"/sites/demo/counts?articles={encoded}"),
            ("GET", f"{COMMENTS}?cursor={encoded}&sort={encoded}"),
            ("GET", f"/review-queue?reason={encoded}"),
            ("GET", f"/review-queue?site={encoded}"),
            ("GET", f"/accounts/me/comments?site={encoded}&article={encoded}"),
            ("GET", f"/comments/{encoded}"),
            ("GET", f"/{encoded}?{encoded}={encoded}"),
            ("PUT", f"/sites/demo/articles/{encoded}"),
        ):
            body = {} if method == "PUT" else None
            assert world.call(method, path, body, by=moderator).status_code < 500, (path, text)
        wish = {"action": "reject", "version": 99, "note": text[:100], "reason_code": text}
        assert world.call("PUT", f"/review-queue/{comment['id']}/decision", wish, by=moderator).status_code < 500
        credentials = {"email": text[:100], "password": text[:100]}
        assert world.call("POST", "/sessions", credentials).status_code in (401, 422)
        assert world.call("POST", "/accounts", {**credentials, "display_name": text[:80]}).status_code in (
            201,
            422,
            429,
        )


CONTROLS = [chr(code) for code in (*range(9), 11, 12, *range(14, 32), *range(127, 160))]


def test_f3_control_characters_are_refused(make_world: Callable[..., World]) -> None:
    world = make_world(flags_per_account=1000, registrations_per_account=1000, registrations_per_address=1000)
    world.site()
    reader, other = world.person(), world.person()
    comment = world.comment(other)
    before = checksums(world.database)

    for sign in CONTROLS:
        flag = {"reason": "spam", "text": f"x{sign}"}
        account = {"email": "a@example.org", "display_name": f"A{sign}B", "password": "Ahornblatt am Fenster"}
        answers = {
            "body": world.post(reader, f"Ein{sign}Text"),
            "text": world.call("POST", f"/comments/{comment['id']}/flags", flag, by=reader),
            "display_name": world.call("POST", "/accounts", account),
        }
        for field, answer in answers.items():
            assert answer.status_code == 422
            assert codes(answer, field) == ["control_character"]

    assert changed(before, checksums(world.database)) == {"limit_window"}


def test_f3_a_nul_is_refused_wherever_text_is_looked_up(world: World) -> None:
    moderator = world.person(Role.MODERATOR, "demo")
    before = checksums(world.database)

    for method, path, status in (
        ("GET", "/sites/%00/counts?articles=a", 404),
        ("GET", "/sites/demo/articles/a%00/comments", 404),
        ("GET", "/sites/demo/counts?articles=a%00", 422),
        ("GET", "/review-queue?reason=%00", 422),
        ("GET", "/review-queue?site=%00", 422),
        ("GET", "/accounts/me/comments?site=%00&article=%00", 422),
        ("GET", "/review-queue?%00=x", 422),
    ):
        assert (path, world.call(method, path, by=moderator).status_code) == (path, status)
    assert world.call("PUT", "/sites/demo/articles/a%00", {}, by=moderator).status_code in (404, 422)
    for email in ("\x00", "a\x00@example.org"):
        assert world.call("POST", "/sessions", {"email": email, "password": "x"}).status_code in (401, 422)

    # A failed sign-in is counted.
    assert changed(before, checksums(world.database)) <= {"limit_window"}


@pytest.mark.parametrize("escaped", ["\\ud800", "\\udfff x", "x\\udc00\\ud800"])
def test_f3_lone_surrogates_are_refused(world: World, escaped: str) -> None:
    reader = world.person()
    before = checksums(world.database)

    for raw in (f'{{"body": "{escaped}"}}', f'{{"body": "x", "{escaped}": 1}}', f'{{"body": [{{"a": "{escaped}"}}]}}'):
        answer = world.call("POST", COMMENTS, raw.encode(), by=reader, headers={"Origin": ORIGIN})
        assert answer.status_code == 422
        assert "lone_surrogate" in answer.get_data(as_text=True)

    assert checksums(world.database) == before


def test_f3_a_pair_of_surrogates_is_a_character(world: World) -> None:
    raw = b'{"body": "\\ud83e\\udd8a"}'

    answer = world.call("POST", COMMENTS, raw, by=world.person(), headers={"Origin": ORIGIN})

    assert json_of(answer)["body"] == "🦊"


def test_f3_piles_of_combining_marks_are_refused(world: World) -> None:
    reader = world.person()
    most = "a" + "\u0301" * MAX_COMBINING_MARKS

    assert world.post(reader, most).status_code == 201
    refused = world.post(reader, most + "\u0301")
    assert refused.status_code == 422
    assert codes(refused, "body") == ["too_many_combining_marks"]


BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def test_f4_marks_that_turn_the_direction_are_kept_in_the_text_but_not_in_the_html(world: World) -> None:
    written = f"Vorne {'x'.join(BIDI)} hinten"

    own = world.comment(world.person(), written)

    assert own["body"] == written
    assert not set(BIDI) & set(own["body_html"])
    assert "hinten" in own["body_html"]


@pytest.mark.parametrize("sign", [*BIDI, "\u200b", "\u2060", "\ufeff", "\u00ad", "\u115f"])
def test_f4_a_name_cannot_turn_or_hide_what_stands_around_it(world: World, sign: str) -> None:
    wish = {"email": "a@example.org", "display_name": f"Ad{sign}a", "password": "Ahornblatt am Fenster"}

    answer = world.call("POST", "/accounts", wish)

    assert answer.status_code == 422
    assert codes(answer, "display_name") == ["invalid_name"]


def test_f5_links_are_web_or_mail_links_and_marked_as_readers(world: World) -> None:
    body = "[a](https://a.example/x?y=1&z=2) <http://b.example> [c](mailto:c@x.org) https://d.example/é <e@x.org>"

    html = world.comment(world.person(), body)["body_html"]

    links = re.findall(r"<a ([^>]*)>", html)
    assert len(links) == 5
    for link in links:
        assert re.match(r'href="(https?|mailto):', link)
        assert f'rel="{REL}"' in link


@pytest.mark.parametrize(
    "scheme", ["javascript", "data", "vbscript", "file", "ftp", "tel", "sms", "blob", "view-source"]
)
def test_f5_no_other_scheme_becomes_a_link(world: World, scheme: str) -> None:
    own = world.comment(world.person(), f"[x]({scheme}:abc) <{scheme}:abc>")

    assert f'href="{scheme}' not in own["body_html"]
    assert forbidden_nodes(own["body_html"]) == []


@pytest.mark.parametrize("target", ["//evil.test/x", "/api/v1/docs", "#top", "?logout", "x"])
def test_f5_no_link_leads_into_the_page_that_embeds_the_comments(world: World, target: str) -> None:
    own = world.comment(world.person(), f"[x]({target})")

    assert "href" not in own["body_html"]


def test_f6_a_body_over_64_kib_is_refused(world: World) -> None:
    reader = world.person()
    before = checksums(world.database)
    frame = len(b'{"body": ""}')

    for size, status in ((64 * 1024, 422), (64 * 1024 + 1, 413), (1024 * 1024, 413)):
        body = b'{"body": "' + b"a" * (size - frame) + b'"}'
        answer = world.call("POST", COMMENTS, body, by=reader, headers={"Origin": ORIGIN})
        assert (size, answer.status_code) == (size, status)
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            wrong = world.call("POST", "/sessions", body, headers={"Content-Type": content_type})
            assert wrong.status_code in (413, 415)

    assert json_of(answer)["code"] == "body_too_large"
    assert changed(before, checksums(world.database)) == {"limit_window"}


def test_f6_a_body_that_does_not_say_how_long_it_is_is_limited_too(world: World) -> None:
    def send(length: int) -> int:
        body = b'{"email": "a@example.org", "password": "Ahornblatt am Fenster"}'.ljust(length)
        return world.client.post(
            "/api/v1/sessions",
            input_stream=io.BytesIO(body),
            headers={"Content-Type": "application/json", "Transfer-Encoding": "chunked"},
            # What gunicorn says when it has taken the chunks apart.
            environ_overrides={"wsgi.input_terminated": True},
        ).status_code

    assert [send(length) for length in (0, 64 * 1024, 64 * 1024 + 1, 200_000)] == [401, 401, 413, 413]


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_f6_deep_nesting_is_an_error_of_the_sender(world: World, opening: str, closing: str) -> None:
    reader = world.person()
    before = checksums(world.database)
    body = f'{{"body": {opening * 10_000}0{closing * 10_000}}}'

    answer = world.call("POST", COMMENTS, body.encode(), by=reader, headers={"Origin": ORIGIN})

    assert answer.status_code == 400
    assert json_of(answer)["code"] == "malformed_json"
    assert checksums(world.database) == before


@pytest.mark.parametrize(
    "raw",
    [
        '{"body": "a", "body": "b"}',
        '{"body": "a", "x": {"y": 1, "y": 2}}',
        '{"body": NaN}',
        '{"body": Infinity}',
        '{"body": -Infinity}',
        '{"body": 1e400}',
        '{"body": -1e400}',
        '{"body": 1' + "0" * 5000 + "}",
    ],
    ids=lambda raw: raw[:30],
)
def test_f6_what_json_leaves_to_chance_is_refused(world: World, raw: str) -> None:
    reader = world.person()
    before = checksums(world.database)

    answer = world.call("POST", COMMENTS, raw.encode(), by=reader, headers={"Origin": ORIGIN})

    assert answer.status_code == 422
    assert json_of(answer)["code"] == "invalid_input"
    assert checksums(world.database) == before


@pytest.mark.parametrize("payload", SQL)
def test_f7_sql_in_a_filter_is_refused_or_matched_literally(world: World, payload: str) -> None:
    admin = world.person(Role.ADMIN)
    world.comment(world.person(), "Du Murrkopf!")
    world.comment(world.person(), "Ein Beitrag.")
    before = checksums(world.database)

    def get(path: str, **query: str) -> tuple[int, dict[str, object]]:
        answer = world.call("GET", path, by=admin, query_string=query)
        return answer.status_code, json_of(answer)

    for sort in ("sort", "limit", "cursor"):
        assert get(COMMENTS, **{sort: payload})[0] == 422
        assert get("/review-queue", **{sort: payload})[0] == 422
    assert get("/review-queue", status=payload)[0] == 422
    assert get("/review-queue", site=payload)[0] == 404
    status, queue = get("/review-queue", reason=payload)
    assert (status, queue["items"]) == (200, [])
    assert get("/accounts/me/comments", site=payload)[1]["items"] == []
    assert get("/accounts/me/comments", article=payload)[1]["items"] == []
    assert get("/sites/demo/counts", articles=payload)[1] == {"counts": {payload: 0}}
    quoted = quote(payload, safe="")
    assert get(f"/sites/{quoted}/counts", articles="a")[0] == 404
    assert get(f"/sites/demo/articles/{quoted}/comments")[0] == 404
    assert get(f"/comments/{quoted}")[0] == 404
    assert checksums(world.database) == before


def test_f10_every_answer_carries_the_headers_that_protect_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = world.person()
    comment = world.comment(reader)

    def broken() -> None:
        raise RuntimeError("broken")

    monkeypatch.setitem(world.app.view_functions, "health.alive", broken)
    answers = {
        200: world.call("GET", COMMENTS),
        201: world.post(reader),
        204: world.call("DELETE", f"/comments/{comment['id']}", by=reader),
        400: world.call("POST", "/sessions", b"{"),
        401: world.call("GET", "/accounts/me"),
        403: world.call("GET", "/review-queue", by=reader),
        404: world.client.get("/nowhere"),
        405: world.call("DELETE", "/accounts"),
        413: world.call("POST", "/sessions", b" " * 70_000),
        415: world.call("POST", "/sessions", b"x", headers={"Content-Type": "text/plain"}),
        422: world.call("POST", "/sessions", {}),
        500: world.call("GET", "/healthz"),
    }
    static = [world.call("GET", path) for path in ("/static/docs.css", "/api/v1/docs", "/openapi.json", "/readyz")]

    assert {status: answer.status_code for status, answer in answers.items()} == {status: status for status in answers}
    for answer in (*answers.values(), *static, world.client.options("/api/v1/sessions"), world.client.head("/readyz")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        if answer.get_data():
            assert_content_type(answer.headers["Content-Type"], answer.status_code)


def assert_content_type(value: str, status: int) -> None:
    if status >= 400:
        assert value == "application/problem+json"
    elif value.startswith("text/"):
        assert value in ("text/html; charset=utf-8", "text/css; charset=utf-8")
    else:
        # JSON is UTF-8 by RFC 8259 and has no charset parameter.
        assert value == "application/json"


def test_f10_nothing_private_may_be_kept_by_caches(world: World) -> None:
    for answer in (world.call("GET", "/accounts/me", by=world.person()), world.call("GET", f"/comments/{some_id()}")):
        assert answer.headers["Cache-Control"] == "no-store"


def test_f10_over_https_browsers_are_told_to_stay_there(make_world: Callable[..., World]) -> None:
    world = make_world()

    assert "Strict-Transport-Security" not in world.call("GET", "/healthz").headers
    secure = world.call("GET", "/healthz", base_url="https://comments.example")
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_every_problem_is_json_that_a_strict_reader_takes(world: World) -> None:
    answer = world.call("POST", "/sessions", b'{"a\\u0000\\ud800": 1}')

    json.loads(answer.get_data().decode("utf-8", "strict"))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        f"{ORIGIN}@evil.test/",
        f"{ORIGIN}.evil.test/",
        f"{ORIGIN}/\n",
        "https://[/",
        "https://zeitung.example\u2100/",
        "//zeitung.example/",
    ],
)
def test_f5_an_articles_address_is_one_of_the_sites_or_refused(world: World, url: str) -> None:
    moderator = world.person(Role.MODERATOR, "demo")
    wish = {"body": "Ein Gedanke.", "article": {"url": url}}
    new = "/sites/demo/articles/neu"

    answers = [
        world.call("PUT", new, {"url": url}, by=moderator),
        world.call("POST", f"{new}/comments", wish, by=moderator, headers={"Origin": ORIGIN}),
    ]

    assert [(answer.status_code, list(json_of(answer)["errors"])) for answer in answers] == [(422, ["url"])] * 2
