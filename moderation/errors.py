"""The domain's own words for what can go wrong.

Every error carries a stable ``code``. What a code means in HTTP, and how it reads in German and English, is decided in
``api``; nothing here knows about either.
"""

from __future__ import annotations

from typing import Any, ClassVar


class VorabError(Exception):
    """Base of every error that the domain raises on purpose.

    ``details`` are facts that the texts for people may name (a limit, a date); they are never secret.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str = "", **details: Any) -> None:
        super().__init__(message or self.code)
        self.details = details


class InvalidInputError(VorabError):
    """A field's value is not acceptable. ``field`` names it, ``code`` says why."""

    code = "invalid_input"

    def __init__(self, field: str, reason: str, **details: Any) -> None:
        super().__init__(f"{field}: {reason}", **details)
        self.field = field
        self.reason = reason


class ClassifierError(VorabError):
    """The classifier could not score a text that it was given."""

    code = "classifier_failed"


class ClassifierUnavailableError(ClassifierError):
    """There is no classifier to ask: not loaded yet, its files are missing or not what they claim to be."""

    code = "classifier_unavailable"


class LanguageNotCoveredError(ClassifierError):
    """The text is in a language that the model was not trained for: a score would mean nothing."""

    code = "language_not_covered"

    def __init__(self, language: str) -> None:
        super().__init__(f"the model was not trained for {language!r}", language=language)
        self.language = language


class CheckpointError(ClassifierUnavailableError):
    """A checkpoint was refused: wrong digest, missing or surplus weights, unknown architecture, wrong labels."""

    code = "checkpoint_refused"


class NotFoundError(VorabError):
    """There is no such thing, or this person may not know that there is."""

    code = "not_found"

    def __init__(self, what: str) -> None:
        super().__init__(f"no such {what}")
        self.what = what


class NotSignedInError(VorabError):
    code = "not_signed_in"


class WrongCredentialsError(VorabError):
    """Address or password is wrong; which of them is nobody's business."""

    code = "wrong_credentials"


class InvalidTokenError(VorabError):
    """The token of a letter is used, replaced, too old, or never was one."""

    code = "invalid_token"


class AlreadyConfirmedError(VorabError):
    """The account's address needs no confirmation."""

    code = "already_confirmed"


class SecondFactorRequiredError(VorabError):
    """The password is right, and the account has a second factor: sign in again with its code."""

    code = "second_factor_required"


class SecondFactorMissingError(VorabError):
    """A site that the person works for wants a second factor, and the account has none yet."""

    code = "second_factor_missing"


class WrongCodeError(VorabError):
    """A code of a second factor is wrong, too old, or was used before. Which of them is nobody's business."""

    code = "wrong_code"


class PasskeyRefusedError(VorabError):
    """What a passkey signed is not to be accepted: another key, question or page, too late, or a copy of the key."""

    code = "passkey_refused"


class PasskeysUnavailableError(VorabError):
    """Browsers make passkeys for names only, and this installation is reached by a number."""

    code = "passkeys_unavailable"


class WrongPasswordError(VorabError):
    """Somebody who is signed in did not give their own password."""

    code = "wrong_password"


class NoPasswordError(VorabError):
    """The account has no password that could be replaced: a site vouches for it."""

    code = "no_password"


class ForbiddenError(VorabError):
    code = "forbidden"


class NotAuthorError(ForbiddenError):
    code = "not_author"


class OwnCommentError(ForbiddenError):
    """Nobody votes on or flags what they wrote themselves."""

    code = "own_comment"


class OriginNotAllowedError(ForbiddenError):
    code = "origin_not_allowed"


class ArticleClosedError(ForbiddenError):
    code = "article_closed"


class WarningPendingError(ForbiddenError):
    """A moderator warned the author, who has to acknowledge that before they write again."""

    code = "warning_pending"


class AuthorSuspendedError(ForbiddenError):
    """The author has no say on this site for a while; ``details`` has ``until``."""

    code = "author_suspended"


class AuthorBannedError(ForbiddenError):
    code = "author_banned"


class NotSanctionableError(VorabError):
    """Moderators and admins lose their role before anything else."""

    code = "not_sanctionable"


class SanctionOverError(VorabError):
    """The sanction has ended already: taken back, acknowledged, or its time is over."""

    code = "sanction_over"


class RemovalUnderWayError(VorabError):
    """Another removal of this author's comments is not finished."""

    code = "removal_under_way"


class NotRemovableError(VorabError):
    """There is nothing left that a removal, or its undoing, would change."""

    code = "nothing_to_remove"


class EditWindowClosedError(VorabError):
    code = "edit_window_closed"


class NotEditableError(VorabError):
    """The comment was withdrawn or refused: there is nothing to edit any more."""

    code = "not_editable"


class StaleReviewError(VorabError):
    """The comment is no longer the one that the moderator looked at."""

    code = "stale_review"


class NotReviewableError(VorabError):
    """The comment was withdrawn: nobody decides about it any more."""

    code = "not_reviewable"


class NotUndoableError(VorabError):
    """The latest decision is another one's, or was taken back before, or is too long ago."""

    code = "not_undoable"


class AlreadyFlaggedError(VorabError):
    code = "already_flagged"


class AlreadyExistsError(VorabError):
    """A name that must be unique is taken. ``what`` says which."""

    code = "already_exists"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} exists already")
        self.what = what


class NotRefusedError(VorabError):
    """There is no refusal to appeal against."""

    code = "not_refused"


class AlreadyAppealedError(VorabError):
    """Each refusal is looked at once more, not again and again."""

    code = "already_appealed"


class AppealsOffError(ForbiddenError):
    """The site takes no appeals."""

    code = "appeals_off"


class AppealTooLateError(VorabError):
    """The time for an appeal is over; ``details`` have the ``days`` that there were."""

    code = "appeal_too_late"


class AddressUnconfirmedError(ForbiddenError):
    """The author has to confirm their address before."""

    code = "address_unconfirmed"


class DuplicateCommentError(VorabError):
    """The same author has sent the same text to the same site a moment ago."""

    code = "duplicate_comment"


class IdempotencyKeyReusedError(VorabError):
    """The key came before, with another request."""

    code = "idempotency_key_reused"


class RequestInProgressError(VorabError):
    """The same request is being carried out at this moment."""

    code = "request_in_progress"


class RateLimitedError(VorabError):
    code = "rate_limited"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class LimiterUnavailableError(VorabError):
    """Nobody can say how often this was done already, so it is not done now."""

    code = "limiter_unavailable"


class TooBusyError(VorabError):
    """More work waits than can be taken on. Nothing was stored; try again after ``retry_after_s`` seconds."""

    code = "too_busy"

    def __init__(self, retry_after_s: int = 1) -> None:
        super().__init__(retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class LastAdminError(VorabError):
    """Somebody must be able to run the place."""

    code = "last_admin"


class UnreadableSecretError(VorabError):
    """A sealed secret does not open: the installation's secret key is not the one that it was sealed with."""

    code = "unreadable_secret"


class ForeignSiteAccountError(ForbiddenError):
    """The account was vouched for by one site and is worth nothing on another."""

    code = "foreign_site_account"


class SiteTokenError(VorabError):
    """A site's token for its reader was refused. The kinds say why, to the site's developers."""

    code = "site_token_refused"


class SiteTokenInvalidError(SiteTokenError):
    """No token, or not signed with a key of this site. Which of them is nobody's business."""

    code = "site_token_invalid"


class SiteTokenWrongAudienceError(SiteTokenError):
    code = "site_token_wrong_audience"


class SiteTokenExpiredError(SiteTokenError):
    code = "site_token_expired"


class SiteTokenEarlyError(SiteTokenError):
    code = "site_token_not_yet_valid"


class SiteTokenLongLivedError(SiteTokenError):
    code = "site_token_too_long_lived"


class SiteTokenIncompleteError(SiteTokenError):
    """A claim is missing or not of the right kind; ``details`` name it."""

    code = "site_token_incomplete"


class SiteTokenReplayedError(SiteTokenError):
    """The token was exchanged before."""

    code = "site_token_replayed"


class SiteRoleNotAllowedError(SiteTokenError):
    """The token makes its holder a moderator, and the site's settings do not let it."""

    code = "site_token_role_not_allowed"


class IdTokenError(VorabError):
    """An identity provider's ID token was refused. ``details`` have a ``reason`` for the operator's log."""

    code = "id_token_refused"


class UnknownKeyError(IdTokenError):
    """An ID token is signed with a key that the provider's published ones do not hold, or not unambiguously."""

    def __init__(self) -> None:
        super().__init__(reason="unknown_key")


class ProviderUnavailableError(VorabError):
    """The identity provider does not answer, or not with what OpenID Connect asks of it."""

    code = "provider_unavailable"


class ProviderRefusedError(VorabError):
    """The identity provider signed nobody in, or what it answered is not to be believed."""

    code = "provider_refused"


class ProviderSignInLostError(VorabError):
    """A sign-in with a provider took too long, was used, or began in another browser."""

    code = "provider_sign_in_lost"


class NoStaffAccountError(ForbiddenError):
    """The provider knows the person, and nobody with a staff account has said that this is them."""

    code = "no_staff_account"
