"""Write report.html: one file that shows a job and loads nothing from elsewhere."""

import base64
import hashlib
import importlib.resources
from typing import Any

import jinja2
from markupsafe import Markup

from pipeline.generations.history import FIRST
from pipeline.output import activity, output_folder
from pipeline.output.layout import REPORT_FILE
from pipeline.report import palette, seal, when_where
from pipeline.report.facts import Facts, gather
from pipeline.report.figures import plots
from pipeline.report.labels import counted, duration, share, visible
from pipeline.status import clock
from transforms.io import storage
from transforms.io.redaction import redact_url
from transforms.metrics import COMPUTED_TOKENS, PADDED_TOKENS, REPEATED, ROWS
from transforms.receipts import unit_of


def write(folder: str) -> str:
    """Write the report of a job and return its path.

    Raises:
        ValueError: the folder is not an output folder, or a file in it is damaged.
        OSError: a file cannot be read or written.
    """
    facts = gather(folder)
    storage.write_text(folder, REPORT_FILE, seal.sealed(render(facts)))
    if facts.progress.complete:
        output_folder.clear_temporary(folder)
    return f"{folder.rstrip('/')}/{REPORT_FILE}"


def render(facts: Facts) -> str:
    """Return the page."""
    script = _resource("page.js")
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FunctionLoader(_resource),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page: str = environment.get_template("page.html.j2").render(
        facts=facts,
        folder=visible(facts.job.folder),
        when=when_where.when(facts.parts),
        where=when_where.where(facts.parts),
        plots=plots(facts),
        tiles=_tiles(facts),
        settings=_settings(facts),
        style=Markup(_resource("page.css") + palette.to_css()),  # noqa: S704  (our own)
        script=Markup(script),  # noqa: S704  (our own)
        policy=_policy(script),
    )
    return page


def _resource(name: str) -> str:
    return importlib.resources.files("pipeline.report").joinpath(name).read_text("utf-8")


def _policy(script: str) -> str:
    """Return a policy that allows the script of the page, by its hash, and no request."""
    sha256 = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{sha256}'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def _tiles(facts: Facts) -> list[tuple[str, str, str]]:
    """Return the main figures of a job: name, value, and an explanation."""
    counts = facts.counts
    computed, padded = counts[COMPUTED_TOKENS], counts[PADDED_TOKENS]
    repeated = counts.get(REPEATED, 0)
    unit = unit_of(counts)
    embedded = f"{counts['embedded']:,} embedded"
    embedded += f", {repeated:,} repeated" if repeated else ""
    return [
        ("documents", f"{counts['documents']:,}", f"in {counts[ROWS]:,} rows, {embedded}")
        if ROWS in counts
        else ("documents", f"{counts['documents']:,}", embedded),
        ("rejected", f"{counts['rejected']:,}", f"{share(facts.shares['rejected'])} of {unit}"),
        ("tokens", f"{counts['num_tokens']:,}", "with [CLS] and [SEP]"),
        ("speed", *_speed(facts)),
        ("truncated", share(facts.shares["truncated"]), f"of embedded {unit}"),
        ("[UNK] rate", share(facts.shares["unknown"]), "of wordpieces"),
        ("padding", f"{1 - computed / padded if padded else 0:.1%}", "of computed positions"),
        ("written", _size(facts.bytes), f"in {counted(len(facts.parts), 'part')}"),
    ]


def _speed(facts: Facts) -> tuple[str, str]:
    seconds, tokens = activity.of_parts(facts.parts).seconds, facts.counts["num_tokens"]
    if seconds <= 0 or not tokens:
        return "unknown", "no durations" if tokens else "no tokens"
    elapsed = clock(seconds) if seconds >= 60 else duration(seconds)
    return f"{tokens / seconds:,.0f}", f"tokens/s in {elapsed} of work"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.4g} TB"


def _settings(facts: Facts) -> dict[str, str]:
    """Return the configuration, the fingerprints and the package versions."""
    run = facts.job.run
    settings = {"model": redact_url(facts.job.model), "model fingerprint": run.model}
    settings |= {name.lstrip("-"): _shown(value) for name, value in run.newest_flags.items()}
    if run.generation != FIRST:
        settings["generation"] = f"{run.generation:,}"
    if run.transform is not None:
        settings["transform fingerprint"] = run.transform.fingerprint
        settings["run fingerprint"] = run.fingerprint
    return settings | {f"{name} (version)": value for name, value in facts.versions.items()}


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(visible, value)) or "(none)"
    if value is None or value == "":
        return "(none)"
    return str(value).lower() if isinstance(value, bool) else visible(value)
