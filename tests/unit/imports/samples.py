"""Small exports of each system, written for the tests: one thread with an answer, and one of each sort of comment."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

_WXR = """<?xml version="1.0" encoding="UTF-8" ?>
<!-- written by hand -->
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:wp="http://wordpress.org/export/1.2/">
<channel>
  <title>Zeitung</title>
  <link>https://zeitung.example</link>
  <item>
    <title><![CDATA[Der neue Radweg]]></title>
    <link>https://zeitung.example/radweg/</link>
    <content:encoded><![CDATA[<p>Ein Artikel.</p>]]></content:encoded>
    <wp:post_id>71</wp:post_id>
    {comments}
  </item>
  <item>
    <title>Ohne Kommentare</title>
    <link>https://zeitung.example/leer/</link>
    <wp:post_id>72</wp:post_id>
  </item>
</channel>
</rss>
"""

_WXR_COMMENT = """<wp:comment>
      <wp:comment_id>{id}</wp:comment_id>
      <wp:comment_author><![CDATA[{name}]]></wp:comment_author>
      <wp:comment_author_email><![CDATA[{email}]]></wp:comment_author_email>
      <wp:comment_author_url></wp:comment_author_url>
      <wp:comment_author_IP><![CDATA[192.0.2.7]]></wp:comment_author_IP>
      <wp:comment_date><![CDATA[2015-03-04 11:0{id}:00]]></wp:comment_date>
      <wp:comment_date_gmt><![CDATA[{gmt}]]></wp:comment_date_gmt>
      <wp:comment_content><![CDATA[{body}]]></wp:comment_content>
      <wp:comment_approved><![CDATA[{approved}]]></wp:comment_approved>
      <wp:comment_type><![CDATA[{type}]]></wp:comment_type>
      <wp:comment_parent>{parent}</wp:comment_parent>
      <wp:comment_user_id>{user}</wp:comment_user_id>
      <wp:commentmeta><wp:meta_key>_x</wp:meta_key><wp:meta_value>1</wp:meta_value></wp:commentmeta>
    </wp:comment>"""


def wordpress_comment(own: int, **changes: Any) -> str:
    said = {
        "id": own, "name": "Anna", "email": "anna@example.org", "gmt": f"2015-03-04 10:0{own}:00", "approved": "1",
        "body": f"Beitrag {own} &amp; mehr\nmit <b>zwei</b> Zeilen.", "type": "comment", "parent": 0, "user": 0,
    }  # fmt: skip
    return _WXR_COMMENT.format(**{**said, **changes})


def wordpress(*comments: str) -> str:
    return _WXR.format(comments="\n".join(comments))


ALL_OF_WORDPRESS = (
    wordpress_comment(1),
    wordpress_comment(2, parent=1, user=5, name="Redaktion", type=""),
    wordpress_comment(3, approved="0"),
    wordpress_comment(4, approved="spam"),
    wordpress_comment(5, approved="trash"),
    wordpress_comment(6, type="pingback"),
)

_DISQUS = """<?xml version="1.0" encoding="utf-8"?>
<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <category dsq:id="1"><forum>zeitung</forum><title>General</title><isDefault>true</isDefault></category>
  {posts}
  <thread dsq:id="900">
    <id>radweg-71</id>
    <forum>zeitung</forum>
    <category dsq:id="1" />
    <link>https://zeitung.example/radweg/</link>
    <title>Der neue Radweg</title>
    <message />
    <createdAt>2015-03-01T08:00:00Z</createdAt>
    <author><name>Redaktion</name><isAnonymous>false</isAnonymous><username>redaktion</username></author>
    <isClosed>false</isClosed>
    <isDeleted>false</isDeleted>
  </thread>
</disqus>
"""

_DISQUS_POST = """<post dsq:id="{id}">
    <id>wp_id={id}</id>
    <message><![CDATA[<p>Beitrag {id}<br>mit <a href="https://a.example/x" rel="nofollow">Link</a></p>]]></message>
    <createdAt>2015-03-04T10:0{id}:00Z</createdAt>
    <isDeleted>{deleted}</isDeleted>
    <isSpam>{spam}</isSpam>
    <author>{author}</author>
    <thread dsq:id="900" />
    {parent}
  </post>"""


def disqus_post(own: int, parent: int | None = None, **changes: Any) -> str:
    said = {
        "id": own, "deleted": "false", "spam": "false", "parent": f'<parent dsq:id="{parent}" />' if parent else "",
        "author": "<name>Anna</name><isAnonymous>false</isAnonymous><username>anna77</username>",
    }  # fmt: skip
    return _DISQUS_POST.format(**{**said, **changes})


def disqus(*posts: str) -> str:
    return _DISQUS.format(posts="\n".join(posts))


ALL_OF_DISQUS = (
    disqus_post(2, 1, author="<name>Bert</name><isAnonymous>true</isAnonymous>"),
    disqus_post(1),
    disqus_post(3, spam="true"),
    disqus_post(4, deleted="true"),
)


def coral_comment(own: str, parent: str | None = None, **changes: Any) -> dict[str, Any]:
    said = {
        "_id": {"$oid": "5f0000000000000000000001"}, "id": own, "tenantID": "t", "siteID": "s", "storyID": "story-71",
        "authorID": "user-1", "parentID": parent, "ancestorIDs": [parent] if parent else [], "status": "NONE",
        "createdAt": {"$date": "2020-03-04T10:00:00.123Z"}, "tags": [], "actionCounts": {},
        "revisions": [
            {"id": "r1", "body": "<div>Alt</div>", "createdAt": {"$date": "2020-03-04T10:00:00Z"}},
            {"id": "r2", "body": f"<div>Beitrag {own}</div>", "createdAt": {"$date": "2020-03-04T10:01:00Z"}},
        ],
    }  # fmt: skip
    return {**said, **changes}


CORAL_STORY = {
    "id": "story-71", "tenantID": "t", "siteID": "s", "url": "https://zeitung.example/radweg",
    "metadata": {"title": "Der neue Radweg", "author": "Redaktion"}, "createdAt": {"$date": "2020-03-01T08:00:00Z"},
}  # fmt: skip
CORAL_USER = {
    "id": "user-1", "tenantID": "t", "username": "Anna", "email": "anna@example.org", "role": "COMMENTER",
    "profiles": [{"type": "local", "id": "anna@example.org", "password": "$2a$10$x"}],
}  # fmt: skip
ALL_OF_CORAL = (
    coral_comment("c2", "c1", status="APPROVED"),
    coral_comment("c1", createdAt={"$date": {"$numberLong": "1583316000123"}}),
    coral_comment("c3", status="PREMOD"),
    coral_comment("c4", status="SYSTEM_WITHHELD"),
    coral_comment("c5", status="REJECTED"),
    coral_comment("c6", deletedAt={"$date": "2021-01-01T00:00:00Z"}, authorID=None, revisions=[]),
)


def coral(folder: Path) -> list[Path]:
    """The three files, the comments first."""
    made = []
    for name, rows in (("comments", ALL_OF_CORAL), ("users", [CORAL_USER]), ("stories", [CORAL_STORY])):
        path = folder / f"{name}.json"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        made.append(path)
    return made


def isso(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            """
            CREATE TABLE threads (id INTEGER PRIMARY KEY, uri VARCHAR(256) UNIQUE, title VARCHAR(256));
            CREATE TABLE comments (tid REFERENCES threads(id), id INTEGER PRIMARY KEY, parent INTEGER, created FLOAT NOT
              NULL, modified FLOAT, mode INTEGER, remote_addr VARCHAR, text VARCHAR, author VARCHAR, email VARCHAR,
              website VARCHAR, likes INTEGER DEFAULT 0, dislikes INTEGER DEFAULT 0, voters BLOB NOT NULL);
            INSERT INTO threads VALUES (9, '/radweg/', 'Der neue Radweg');
            INSERT INTO comments VALUES
              (9, 1, NULL, 1425463200.5, NULL, 1, '192.0.2.0', 'Beitrag *eins*', 'Anna', 'anna@example.org', NULL, 3, 0,
              x''),
              (9, 2, 1, 1425463260, NULL, 1, '192.0.2.0', 'Beitrag zwei', NULL, NULL, NULL, 0, 0, x''),
              (9, 3, NULL, 1425463320, NULL, 2, '192.0.2.0', 'Beitrag drei', 'Bert', NULL, NULL, 0, 0, x''),
              (9, 4, NULL, 1425463380, NULL, 4, '192.0.2.0', '', NULL, NULL, NULL, 0, 0, x'');
            """
        )
        database.commit()
    return path
