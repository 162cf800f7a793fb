"""All plots of a report."""

from pipeline.report import bars, documents_map, lengths, speed
from pipeline.report.facts import Facts
from pipeline.report.file_names import shorten_paths
from pipeline.report.plot import Plot
from transforms.receipts import count_rows


def plots(facts: Facts) -> list[Plot]:
    """Draw the plots of a report, in the order of the page."""
    names = shorten_paths(facts.progress.by_source)
    drawn = [
        documents_map.draw(facts.sample, names),
        lengths.draw(facts),
        speed.draw(facts.parts),
        bars.stages(facts.parts),
        bars.unknown(facts.progress, names),
        bars.reasons(facts.progress, count_rows(facts.counts)),
    ]
    return [plot for plot in drawn if plot is not None]
