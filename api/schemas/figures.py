"""Figures for moderators: counts and shares, nobody's text."""

from __future__ import annotations

from marshmallow import Schema, fields

from api.schemas.base import StrictSchema, between, choice


class FiguresQuery(StrictSchema):
    site = fields.String(load_default=None)
    days = fields.Integer(strict=False, load_default=30, validate=between(1, 366))
    timezone = fields.String(load_default="UTC", metadata={"description": "IANA name; days begin at its midnight."})


class ExportQuery(FiguresQuery):
    table = fields.String(load_default="days", validate=choice("days", "agreement", "thresholds"))


class DayOut(Schema):
    day = fields.Date(required=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class SharesOut(Schema):
    comments = fields.Integer(required=True)
    held = fields.Float(required=True, allow_none=True)
    refused = fields.Float(required=True, allow_none=True)


class WaitsOut(Schema):
    decisions = fields.Integer(required=True)
    median_s = fields.Float(required=True, allow_none=True)
    longest_s = fields.Float(required=True, allow_none=True)


class AgreementOut(Schema):
    """Moderators' word on comments above the threshold (`confirmed`, `overruled`) and below (`missed`, `agreed`)."""

    label = fields.String(required=True)
    confirmed = fields.Integer(required=True)
    overruled = fields.Integer(required=True)
    missed = fields.Integer(required=True)
    agreed = fields.Integer(required=True)
    share = fields.Float(required=True, allow_none=True)


class PointOut(Schema):
    threshold = fields.Float(required=True)
    waiting = fields.Integer(required=True)
    slipping = fields.Integer(required=True, metadata={"description": "Refused by moderators, and would not wait."})
    needless = fields.Integer(required=True, metadata={"description": "Published by moderators, and would wait."})


class CurveOut(Schema):
    label = fields.String(required=True)
    current = fields.Float(required=True, allow_none=True)
    refused = fields.Integer(required=True)
    points = fields.List(fields.Nested(PointOut), required=True)


class AppealsOut(Schema):
    """Appeals that came in the period, by how they stand now."""

    all = fields.Integer(required=True)
    waiting = fields.Integer(required=True)
    granted = fields.Integer(required=True)
    denied = fields.Integer(required=True)
    closed = fields.Integer(required=True)
    median_s = fields.Float(required=True, allow_none=True, metadata={"description": "From an appeal to its answer."})


class FiguresOut(Schema):
    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True)
    days = fields.List(fields.Nested(DayOut), required=True)
    shares = fields.Nested(SharesOut, required=True)
    waits = fields.Nested(WaitsOut, required=True)
    appeals = fields.Nested(AppealsOut, required=True)
    agreement = fields.List(fields.Nested(AgreementOut), required=True)
    thresholds = fields.List(fields.Nested(CurveOut), required=True)
