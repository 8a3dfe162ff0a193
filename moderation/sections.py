"""What the comment section on a page must know before anybody writes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from moderation import articles, identity_providers, sites
from moderation.policies import Policy


@dataclass(frozen=True, slots=True)
class Section:
    """An article that nobody has heard of yet is open, and has no title and no comments."""

    site_key: str
    site_name: str
    language: str
    origins: tuple[str, ...]
    article: str
    title: str | None
    url: str | None
    is_known: bool
    closed: bool
    premoderated: bool
    comments: int
    policy: Policy
    providers: tuple[tuple[str, str], ...]
    """Key and name of each identity provider that readers may sign in with."""


def section(session: Session, site_key: str, external_id: str) -> Section:
    """
    Raises:
        NotFoundError: no such site.
        InvalidInputError: the publisher's id cannot be one.
    """
    site = sites.by_key(session, site_key)
    articles.check_external_id(external_id)
    found = articles.find(session, site, external_id)
    policy = sites.policy_of(session, site.id).policy
    return Section(
        site_key=site.key,
        site_name=site.name,
        language=site.language,
        origins=tuple(site.allowed_origins),
        article=external_id,
        title=found.title if found else None,
        url=found.url if found else None,
        is_known=found is not None,
        closed=found is not None and found.closed,
        premoderated=policy.premoderate_site or (found is not None and found.premoderated),
        comments=found.published_count if found else 0,
        policy=policy,
        providers=tuple(
            (provider.key, provider.name)
            for provider in identity_providers.of_site(session, site.id)
            if provider.for_readers
        ),
    )
