"""The code in docs/site-sign-in.md does what it says: it is taken from there and run."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.site_tokens import SECRET, shared_key
from tests.world import ORIGIN, World, json_of

PAGE = Path(__file__).parents[2] / "docs" / "site-sign-in.md"

WORDPRESS = r"""<?php
define('ABSPATH', '/'); define('VORAB_URL', %(url)s); define('VORAB_SECRET', %(secret)s); define('VORAB_KID', 'k1');
class User { public $ID = 17; public $display_name = 'Rosa „Röschen“ Lind'; public $user_email = 'rosa@example.org';
             public $known = true; function exists() { return $this->known; } }
$user = new User();
function wp_get_current_user() { global $user; return $user; }
function esc_url($text) { return htmlspecialchars($text, ENT_QUOTES); }
function esc_attr($text) { return htmlspecialchars($text, ENT_QUOTES); }
function wp_login_url($to) { return '/wp-login.php?redirect_to=' . urlencode($to); }
function get_permalink() { return 'https://zeitung.example/?p=4&x=1'; }
function get_the_ID() { return 4; }
function is_singular($kind) { return $kind === 'post'; }
function in_the_loop() { return true; }
$filters = [];
function add_filter($name, $do) { global $filters; $filters[$name] = $do; }
?>%(plugin)s
$signed_in = $filters['the_content']('<p>Text</p>');
$user->known = false;
echo json_encode([$signed_in, $filters['the_content']('<p>Text</p>')]);
"""


@pytest.fixture
def today(make_world: Callable[..., World]) -> World:
    """A world whose clock shows the time of the snippets, which is the real one."""
    world = make_world()
    world.clock.now = dt.datetime.now(dt.UTC)
    world.site()
    shared_key(world)
    return world


def code(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(found)


def name_after_exchange(world: World, token: str) -> str:
    answer = world.call("POST", "/sites/demo/sessions", {"token": token}, headers={"Origin": ORIGIN})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(json_of(answer)["account"]["display_name"])


def test_the_python_snippet_signs_a_reader_in(today: World) -> None:
    place: dict[str, Any] = {}
    exec(code("python"), place)  # noqa: S102  # It is the documentation's own code.
    user = SimpleNamespace(id=17, name="Rosa Lind", email="rosa@example.org")
    url = today.services.settings.base_url

    token = place["vorab_token"](user, url=url, site="demo", kid="k1", secret=SECRET)

    assert name_after_exchange(today, token) == "Rosa Lind"


def test_the_wordpress_snippet_signs_a_reader_in(today: World, tmp_path: Path) -> None:
    php = shutil.which("php")
    if php is None:
        message = "no php to run the WordPress snippet with"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    settings = {"url": json.dumps(today.services.settings.base_url), "secret": json.dumps(SECRET)}
    script = tmp_path / "page.php"
    script.write_text(WORDPRESS % {**settings, "plugin": code("php")}, encoding="utf-8")

    written = subprocess.run([php, script], capture_output=True, text=True, check=True).stdout
    known, unknown = json.loads(written)

    (token,) = re.findall(r'data-token="([^"]+)"', known)
    assert name_after_exchange(today, token) == "Rosa „Röschen“ Lind"
    assert 'data-sign-in="/wp-login.php?redirect_to=https%3A%2F%2Fzeitung.example%2F%3Fp%3D4%26x%3D1"' in known
    assert 'data-article="4"' in known
    assert 'data-token=""' in unknown


def test_the_page_names_every_code_that_a_token_is_refused_with() -> None:
    from api.errors import STATUS_OF

    codes = {code for code in STATUS_OF if code.startswith("site_token_")}

    assert codes
    assert codes <= set(re.findall(r"`(site_token_\w+)`", PAGE.read_text(encoding="utf-8")))
