"""The evaluation as a picture and as a page that needs nothing else: no script, no other file, no other host."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader

from moderation.evaluating import Figures
from moderation.measuring import Share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BLUE, _ORANGE, _GREEN, _GREY = "#0b5cad", "#b34700", "#1d7a3a", "#555555"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page says."""

    title: str
    model: str
    digest: str
    label: str
    limits: Mapping[str, float]
    """Language to the threshold of the model's makers for ``label``."""
    whole: Figures
    languages: Mapping[str, Figures]
    left_out: Mapping[str, int]
    policy: str = "default policy"
    """Whose outcomes stand beside those of the scores alone."""


def write_png(path: Path, report: Report) -> None:
    _drawn(report).savefig(path, format="png", dpi=150)


def write_html(path: Path, report: Report) -> None:
    picture = io.StringIO()
    _drawn(report).savefig(picture, format="svg")
    svg = picture.getvalue()
    environment = Environment(loader=PackageLoader("api"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["percent"] = percent
    page = environment.get_template("evaluation.html")
    path.write_text(page.render(report=report, chart=svg[svg.index("<svg") :]), encoding="utf-8")


def percent(share: Share) -> str:
    """A share with its interval, for people."""
    if not share.of:
        return "–"
    low, high = share.interval
    return f"{share.value:.1%} ({low * 100:.0f}–{high * 100:.0f})"


def _drawn(report: Report) -> Figure:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(
        {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "svg.fonttype": "none"}
    ):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_thresholds(left, report)
        _draw_work(right, report)
        figure.suptitle(report.title, fontsize=12)
    return figure


def _draw_thresholds(axes: Axes, report: Report) -> None:
    points = report.whole.points
    limits = [point.threshold for point in points]
    for name, color, shares in (
        ("recall (of the toxic, held)", _BLUE, [point.tally.recall for point in points]),
        ("precision (of the held, toxic)", _GREEN, [point.tally.precision for point in points]),
        ("false alarms (of the clean, held)", _ORANGE, [point.tally.alarms for point in points]),
    ):
        axes.plot(limits, [share.value for share in shares], color=color, label=name)
        low, high = zip(*(share.interval for share in shares), strict=True)
        axes.fill_between(limits, low, high, color=color, alpha=0.15, linewidth=0)
    for limit in sorted(set(report.limits.values())):
        languages = ", ".join(language for language, other in report.limits.items() if other == limit)
        axes.axvline(limit, color=_GREY, linestyle=":", linewidth=1)
        axes.annotate(f" {languages}", (limit, 1.02), color=_GREY, fontsize=8, va="bottom")
    axes.set(xlabel=f"threshold for {report.label}", ylabel="share", xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=1, frameon=False, fontsize=8)


def _draw_work(axes: Axes, report: Report) -> None:
    """What the moderators have to read against what they find."""
    for name, figures in _curves(report):
        queue = [point.tally.queue.value for point in figures.points]
        recall = [point.tally.recall.value for point in figures.points]
        axes.plot(queue, recall, marker=".", label=f"{name}, by {report.label} alone")
    shipped = report.whole.screened
    axes.plot(
        [shipped.queue.value], [shipped.recall.value], "x", color=_ORANGE, label=f"the {report.policy} as a whole"
    )
    axes.set(xlabel="of all comments, in the queue", ylabel="of the toxic, in the queue", xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(loc="lower right", frameon=False, fontsize=8)


def _curves(report: Report) -> Sequence[tuple[str, Figures]]:
    return [*report.languages.items()] if len(report.languages) > 1 else [("all", report.whole)]


def as_json(report: Report) -> dict[str, Any]:
    return {
        "model": {"name": report.model, "digest": report.digest},
        "label": report.label,
        **report.whole.as_json(),
        "left_out": dict(report.left_out),
        "languages": {language: figures.as_json() for language, figures in report.languages.items()},
    }
