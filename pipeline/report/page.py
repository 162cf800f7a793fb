"""Write report.html: one file that shows a job and loads nothing from elsewhere."""

import base64
import hashlib
import importlib.resources
import json
from typing import Any

import jinja2
import plotly.offline
from markupsafe import Markup

from pipeline.output import activity, output_folder
from pipeline.output.layout import REPORT_FILE
from pipeline.report import seal
from pipeline.report.facts import Facts, gather
from pipeline.report.figures import plots
from pipeline.report.labels import counted, duration, share, visible
from pipeline.report.palette import DARK, LIGHT
from pipeline.status import clock
from transforms.io import storage
from transforms.io.redaction import redact_url
from transforms.metrics import COMPUTED_TOKENS, PADDED_TOKENS, REPEATED


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
    drawn = plots(facts)
    figures = {plot.name: plot.figure for plot in drawn if plot.figure}
    scripts = [plotly.offline.get_plotlyjs(), _resource("page.js")]
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    page: str = environment.from_string(_resource("page.html.j2")).render(
        facts=facts,
        folder=visible(facts.job.folder),
        plots=drawn,
        tiles=_tiles(facts),
        settings=_settings(facts),
        style=Markup(_resource("page.css")),  # noqa: S704  (a file of this package)
        figures=Markup(_as_json(figures)),  # noqa: S704  (it contains no <)
        palettes=Markup(_as_json({"light": LIGHT, "dark": DARK})),  # noqa: S704  (our own)
        scripts=[Markup(script) for script in scripts],  # noqa: S704  (Plotly's, and our own)
        policy=_policy(scripts),
    )
    return page


def _resource(name: str) -> str:
    return importlib.resources.files("pipeline.report").joinpath(name).read_text("utf-8")


def _policy(scripts: list[str]) -> str:
    """Return a policy that allows the scripts of the page, by hash, and no request."""
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    allowed = " ".join(f"'sha256-{value}'" for value in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _as_json(value: Any) -> str:
    """Return JSON without characters that have a meaning in HTML."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _tiles(facts: Facts) -> list[tuple[str, str, str]]:
    """Return the main figures of a job: name, value, and an explanation."""
    counts = facts.counts
    seconds = activity.of_parts(facts.parts).seconds
    computed, padded = counts[COMPUTED_TOKENS], counts[PADDED_TOKENS]
    rejected, repeated = counts["rejected"], counts.get(REPEATED, 0)
    tiles = [
        ("documents", f"{counts['documents']:,}", f"{counts['embedded']:,} embedded"),
        ("rejected", f"{rejected:,}", f"{share(facts.shares['rejected'])} of the documents"),
        ("tokens", f"{counts['num_tokens']:,}", "with [CLS] and [SEP]"),
        ("truncated", share(facts.shares["truncated"]), "of the embedded documents"),
        ("[UNK] rate", share(facts.shares["unknown"]), "of the wordpieces"),
        ("padding", f"{1 - computed / padded if padded else 0:.1%}", "of the computed positions"),
    ]
    if repeated:
        tiles.append(("repeated", f"{repeated:,}", "documents, embedded once"))
    if seconds > 0 and counts["num_tokens"]:
        elapsed = clock(seconds) if seconds >= 60 else duration(seconds)
        tiles.append(
            ("speed", f"{counts['num_tokens'] / seconds:,.0f}", f"tokens/s in {elapsed} of work")
        )
    tiles.append(("written", _size(facts.bytes), f"in {counted(len(facts.parts), 'part')}"))
    return tiles


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
    settings |= {name.lstrip("-"): _shown(value) for name, value in run.configuration.items()}
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
