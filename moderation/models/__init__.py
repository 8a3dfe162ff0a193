"""One module per subject; importing this package makes every table known to ``Base.metadata``."""

from moderation.models.account import Account, ModeratedSite, Role
from moderation.models.appeal import Appeal, AppealStatus
from moderation.models.article import Article
from moderation.models.bookkeeping import IdempotencyKey, LimitWindow, OutboxMessage
from moderation.models.comment import Comment, Revision, Status
from moderation.models.decision import Decision
from moderation.models.importing import ImportedComment
from moderation.models.perspective import ApiKey, SuggestedScore
from moderation.models.reaction import Flag, Vote
from moderation.models.removal import Removal, RemovalState
from moderation.models.sanction import Sanction, SanctionKind
from moderation.models.screening import ScreeningRecord, VerdictRecord
from moderation.models.second_factor import Passkey, PasskeyChallenge, RecoveryCode, SecondFactor
from moderation.models.served_script import ServedScript
from moderation.models.session import AddressConfirmation, PasswordReset, SignInSession
from moderation.models.site import Site, SitePolicy
from moderation.models.site_sign_in import IdentityProvider, SiteIdentity, SiteKey, StaffIdentity, UsedSiteToken
from moderation.models.worker import Worker

__all__ = [
    "Account",
    "AddressConfirmation",
    "ApiKey",
    "Appeal",
    "AppealStatus",
    "Article",
    "Comment",
    "Decision",
    "Flag",
    "IdempotencyKey",
    "IdentityProvider",
    "ImportedComment",
    "LimitWindow",
    "ModeratedSite",
    "OutboxMessage",
    "Passkey",
    "PasskeyChallenge",
    "PasswordReset",
    "RecoveryCode",
    "Removal",
    "RemovalState",
    "Revision",
    "Role",
    "Sanction",
    "SanctionKind",
    "ScreeningRecord",
    "SecondFactor",
    "ServedScript",
    "SignInSession",
    "Site",
    "SiteIdentity",
    "SiteKey",
    "SitePolicy",
    "StaffIdentity",
    "Status",
    "SuggestedScore",
    "UsedSiteToken",
    "VerdictRecord",
    "Vote",
    "Worker",
]
