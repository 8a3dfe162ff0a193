"""What people get who ask for everything about themselves, and what they say when they go."""

from __future__ import annotations

from marshmallow import Schema, fields

from api.schemas.base import StrictSchema, choice
from moderation.erasure import Fate


class DeletionIn(StrictSchema):
    password = fields.String(
        load_default="",
        load_only=True,
        metadata={"description": "Needed wherever the account has one: not where a site vouches for it."},
    )
    comments = fields.String(
        required=True,
        validate=choice(*(fate.value for fate in Fate)),
        metadata={
            "description": "`keep`: published comments stay, without a name. `remove`: they go too; their places in a "
            "thread stay while there are replies. What is not published goes either way."
        },
    )


class ExportedAccount(Schema):
    id = fields.UUID(required=True)
    email = fields.String(required=True, allow_none=True)
    display_name = fields.String(required=True)
    role = fields.String(required=True)
    language = fields.String(required=True)
    home_site = fields.String(
        required=True, allow_none=True, metadata={"description": "The only site that the account is valid on."}
    )
    has_password = fields.Boolean(required=True, metadata={"description": "Kept as a hash, which is left out."})
    unconfirmed = fields.Boolean(required=True, metadata={"description": "The address is to be confirmed by a letter."})
    created_at = fields.AwareDateTime(required=True)


class ExportedIdentity(Schema):
    """As whom a site, or an identity provider that it uses, knows the person."""

    site = fields.String(required=True)
    issuer = fields.String(required=True)
    subject = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)


class ExportedStaffIdentity(Schema):
    """As whom a provider lets the person in at the desk."""

    provider_name = fields.String(required=True)
    issuer = fields.String(required=True)
    subject = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)


class ExportedSanctionImposed(Schema):
    """What was done about somebody else as a moderator, or acknowledged about oneself."""

    site = fields.String(required=True)
    kind = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    until = fields.AwareDateTime(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)


class ExportedSanction(ExportedSanctionImposed):
    """What a site did about the person. By whom is left out: that is another person's."""

    id = fields.UUID(required=True)
    ends = fields.UUID(
        required=True, allow_none=True, metadata={"description": "The sanction that this one takes back."}
    )


class ExportedRemoval(Schema):
    """All of an author's comments on a site were taken away at once."""

    site = fields.String(required=True)
    action = fields.String(required=True)
    state = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)


class ExportedRemovalWithReason(ExportedRemoval):
    reason = fields.String(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)


class ExportedSession(Schema):
    id = fields.UUID(required=True)
    device = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)


class ExportedPasswordReset(Schema):
    """A new password can be chosen with a letter until then."""

    expires_at = fields.AwareDateTime(required=True)


class ExportedAddressConfirmation(Schema):
    """An address that can be confirmed with a letter until then."""

    email = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True)


class ExportedSecondFactor(Schema):
    """An app that makes codes. Its seed is left out."""

    created_at = fields.AwareDateTime(required=True)
    confirmed_at = fields.AwareDateTime(required=True, allow_none=True)


class ExportedPasskey(Schema):
    """The key itself is left out."""

    name = fields.String(required=True)
    sign_count = fields.Integer(required=True, metadata={"description": "How often it was used, as it says itself."})
    created_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(required=True, allow_none=True)


class ExportedPasskeyQuestion(Schema):
    """A passkey was asked for and may answer until then."""

    expires_at = fields.AwareDateTime(required=True)


class ExportedRecoveryCode(Schema):
    """One that was not used yet. Kept as a hash, which is left out."""

    created_at = fields.AwareDateTime(required=True)


class ExportedRevision(Schema):
    number = fields.Integer(required=True)
    body = fields.String(required=True, metadata={"description": "Empty where the text was removed after its period."})
    created_at = fields.AwareDateTime(required=True)


class ExportedScreening(Schema):
    """What the machine made of a text."""

    revision = fields.Integer(required=True)
    outcome = fields.String(required=True)
    reasons = fields.List(fields.String(), required=True)
    language = fields.String(required=True)
    model = fields.String(required=True, allow_none=True)
    scores = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    created_at = fields.AwareDateTime(required=True)


class ExportedDecision(Schema):
    """What was decided about a comment. By whom is left out: that is another person's."""

    revision = fields.Integer(required=True)
    action = fields.String(required=True)
    reasons = fields.List(fields.String(), required=True)
    note = fields.String(required=True, allow_none=True)
    by_machine = fields.Boolean(required=True)
    decided_at = fields.AwareDateTime(required=True)


class ExportedAppeal(Schema):
    """Asking for a second look at a refusal. Who answered is left out: that is another person's."""

    revision = fields.Integer(required=True)
    status = fields.String(required=True)
    text = fields.String(required=True, allow_none=True, metadata={"description": "Empty once its period is over."})
    created_at = fields.AwareDateTime(required=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)


class ExportedImport(Schema):
    source = fields.String(required=True)
    id = fields.String(required=True, metadata={"description": "What the comment was called there."})
    status = fields.String(required=True, metadata={"description": "What it was there."})
    imported_at = fields.AwareDateTime(required=True)


class ExportedComment(Schema):
    id = fields.UUID(required=True)
    site = fields.String(required=True)
    article = fields.String(required=True)
    title = fields.String(required=True, allow_none=True)
    url = fields.String(required=True, allow_none=True)
    parent_id = fields.UUID(required=True, allow_none=True)
    by_staff = fields.Boolean(
        required=True, metadata={"description": "Written as a moderator of the site or as an admin, and marked so."}
    )
    status = fields.String(required=True)
    published_revision = fields.Integer(required=True, allow_none=True)
    score = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)
    edited_at = fields.AwareDateTime(required=True, allow_none=True)
    revisions = fields.List(fields.Nested(ExportedRevision), required=True)
    screenings = fields.List(fields.Nested(ExportedScreening), required=True)
    decisions = fields.List(fields.Nested(ExportedDecision), required=True)
    appeals = fields.List(fields.Nested(ExportedAppeal), required=True)
    imported = fields.Nested(
        ExportedImport,
        required=True,
        allow_none=True,
        metadata={"description": "Where it comes from, if it was written in the site's earlier comment system."},
    )


class ExportedVote(Schema):
    comment_id = fields.UUID(required=True)
    value = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)


class ExportedFlag(Schema):
    comment_id = fields.UUID(required=True)
    reason = fields.String(required=True)
    text = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    resolved_at = fields.AwareDateTime(required=True, allow_none=True)


class ExportedRequest(Schema):
    """A request with an `Idempotency-Key`, remembered for a day."""

    key = fields.String(required=True)
    comment_id = fields.UUID(required=True)
    created_at = fields.AwareDateTime(required=True)


class ExportedLetter(Schema):
    kind = fields.String(required=True)
    recipient = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    sent_at = fields.AwareDateTime(required=True, allow_none=True)


class ExportedDecisionMade(Schema):
    """Made as a moderator, or by withdrawing a comment of one's own."""

    comment_id = fields.UUID(required=True)
    action = fields.String(required=True)
    reasons = fields.List(fields.String(), required=True)
    note = fields.String(required=True, allow_none=True)
    decided_at = fields.AwareDateTime(required=True)


class ExportedPolicy(Schema):
    """A site's policy that the person put in force."""

    site = fields.String(required=True)
    number = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)


class ExportOut(Schema):
    """Everything that is stored about an account. Hashes are left out, and what is other people's."""

    exported_at = fields.AwareDateTime(required=True)
    account = fields.Nested(ExportedAccount, required=True)
    identities = fields.List(fields.Nested(ExportedIdentity), required=True)
    staff_identities = fields.List(fields.Nested(ExportedStaffIdentity), required=True)
    moderated_sites = fields.List(fields.String(), required=True)
    sanctions = fields.List(fields.Nested(ExportedSanction), required=True)
    sanctions_imposed = fields.List(fields.Nested(ExportedSanctionImposed), required=True)
    sessions = fields.List(fields.Nested(ExportedSession), required=True)
    removals = fields.List(fields.Nested(ExportedRemovalWithReason), required=True)
    removals_ordered = fields.List(fields.Nested(ExportedRemovalWithReason), required=True)
    removals_undone = fields.List(fields.Nested(ExportedRemoval), required=True)
    address_confirmations = fields.List(fields.Nested(ExportedAddressConfirmation), required=True)
    password_resets = fields.List(fields.Nested(ExportedPasswordReset), required=True)
    second_factors = fields.List(fields.Nested(ExportedSecondFactor), required=True)
    passkeys = fields.List(fields.Nested(ExportedPasskey), required=True)
    passkey_questions = fields.List(fields.Nested(ExportedPasskeyQuestion), required=True)
    recovery_codes = fields.List(fields.Nested(ExportedRecoveryCode), required=True)
    comments = fields.List(fields.Nested(ExportedComment), required=True)
    votes = fields.List(fields.Nested(ExportedVote), required=True)
    flags = fields.List(fields.Nested(ExportedFlag), required=True)
    requests = fields.List(fields.Nested(ExportedRequest), required=True)
    letters = fields.List(fields.Nested(ExportedLetter), required=True)
    decisions = fields.List(fields.Nested(ExportedDecisionMade), required=True)
    policies = fields.List(fields.Nested(ExportedPolicy), required=True)
