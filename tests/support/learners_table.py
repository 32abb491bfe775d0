"""The tables of docs/learners.md, from what the baselines say and do.

python -m tests.support.learners_table            # writes them into the page
"""

from pathlib import Path

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.recording.costs import costs
from plasticity_bench.recording.recorder import Recorder
from plasticity_bench.shipped import baseline_names

PAGE = Path(__file__).parents[2] / "docs" / "learners.md"
NETWORK = pb.NetworkSpec(hidden=(64, 64), input_shape=(8, 8), num_outputs=10)
HEADERS = ("learner", "rule", "paper", "year", "verified by", "boundaries", "FLOPs", "memory")
TABLE, DIFFERENCES = "table of baselines", "differences from the sources"


def table():
    """The table of baselines, in Markdown."""
    rows = [HEADERS, ["---"] * len(HEADERS), *(row(name) for name in baseline_names())]
    return "\n".join(f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |") for cells in rows)  # fmt: skip


def row(name):
    cls = find_learner(name)
    method = cls.method
    rule = cls.__doc__.strip().splitlines()[0].replace("|", r"\|")
    paper = f"[{method.authors}]({method.paper_link})" if method.paper else ""
    year = str(method.year) if method.year else ""
    return (f"`{name}`", rule, paper, year, verified(method), *needs(cls()))


def verified(method):
    if method.verified == "authors' code":
        return f"[code]({method.code}/tree/{method.commit})"
    return method.compared_with


def needs(learner):
    if not learner.vectorized:
        return ("", "not recorded", "")
    recorder = Recorder([learner], NETWORK)
    cost = costs(recorder.record, recorder.update((32, 8, 8), (32,)), NETWORK)
    kept = f"{cost.memory:.1f}" if cost.memory >= 0.05 else "under 0.1"
    boundaries = "yes" if cost.boundaries else ""
    if cost.begin_task >= 1.05:
        boundaries += f" ({cost.begin_task:.1f})"
    return (boundaries, f"{cost.flops:.2f}", kept if cost.memory else "")


def differences():
    """The differences from the sources, a list in Markdown."""
    stated = {name: find_learner(name).method.differences for name in baseline_names()}
    return "\n".join(f"- `{name}`: {' '.join(own)}" for name, own in stated.items() if own)


def with_section(page, name, text):
    """The page with the text between the marks of a section."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of the {name} -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    assert rest, f"docs/learners.md has no {begin}"
    return f"{before}{begin}\n{text}\n\n{end}{after}"


def section(page, name):
    """The text between the marks of a section."""
    _, _, rest = page.partition(f"<!-- {name} -->\n")
    return rest.partition(f"<!-- end of the {name} -->")[0].strip()


if __name__ == "__main__":
    text = with_section(PAGE.read_text(), TABLE, table())
    PAGE.write_text(with_section(text, DIFFERENCES, differences()))
