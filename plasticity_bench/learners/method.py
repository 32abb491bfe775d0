"""Where the rule of a learner comes from, and how the learner was compared with it."""

import re
from dataclasses import dataclass
from typing import Literal

Verified = Literal["authors' code", "paper", "no source"]


@dataclass(frozen=True)
class Method:
    """The source of a learner's rule, shown in docs/learners.md, `list` and the leaderboard.

    Attributes:
        paper: arXiv identifier, DOI or URL of the paper; empty where there is none.
        year: of the paper; 0 where there is none.
        authors: surnames, as they are cited: "Dohare et al."
        code: URL of the authors' public code; empty where none was found.
        commit: the commit or release of the code that the learner was compared with.
        verified: "authors' code": a test steps the learner beside the arithmetic of the authors'
            code, and the parameters agree. "paper": a test compares the learner with the paper's
            formula, or with another's account of it, where the authors' code is not public or was
            not compared. "no source": the rule has no paper of its own.
        differences: in what the learner differs from the authors' code or paper, a sentence each.
    """

    paper: str = ""
    year: int = 0
    authors: str = ""
    code: str = ""
    commit: str = ""
    verified: Verified = "no source"
    differences: tuple[str, ...] = ()

    @property
    def citation(self) -> str:
        """Authors and year: "Dohare et al. 2024"; empty without a paper."""
        return f"{self.authors} {self.year}" if self.authors else ""

    @property
    def paper_link(self) -> str:
        """The URL of the paper; empty where there is none."""
        if re.fullmatch(r"\d{4}\.\d{4,5}", self.paper):
            return f"https://arxiv.org/abs/{self.paper}"
        return f"https://doi.org/{self.paper}" if self.paper.startswith("10.") else self.paper

    @property
    def compared_with(self) -> str:
        """In a word, what the learner was compared with: "code", "paper" or nothing."""
        return {"authors' code": "code", "paper": "paper", "no source": ""}[self.verified]
