"""Text whose language changes: a lexicon and a grammar of words, drawn anew or respelt."""

from dataclasses import dataclass

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.seeding import Branch, generator
from plasticity_bench.streams.stream import Stream
from plasticity_bench.streams.task import Floats, Integers, Task

CHANGES = ("language", "spelling")
FOLLOWERS = 4
SPACE = 0


@dataclass(frozen=True, kw_only=True)
class ChangingText(Stream):
    """Predict the next token of texts in artificial languages.

    A language has `num_words` words of random letters and random lengths from 2 to `longest_word`.
    Each word is followed by one of four others, drawn for the language, with probabilities in
    proportion to 1, 1/2, 1/3 and 1/4. A text is a walk over words, separated by spaces. An example
    is `context` tokens from a random place of a text, one-hot, and its class is the token that
    follows: within a word it is mostly determined, between words it depends on the word before.

    Attributes:
        changes: "language": each task has a new language; "spelling": all tasks of a seed have one
            language, whose letters each task permutes.
        num_examples: of a task.
        num_test: held-out examples, from another text in the same language; 0 for none.
        context: tokens of an example.
        num_letters: of the alphabet; with the space there is one token more.
        num_words: of the lexicon.
        longest_word: letters of the longest words.
    """

    changes: str = "language"
    num_examples: int = 512
    num_test: int = 512
    context: int = 16
    num_letters: int = 26
    num_words: int = 64
    longest_word: int = 6

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_counts("num_examples", "context", "num_letters", "num_words", "longest_word")
        if self.changes not in CHANGES:
            raise BadInputError(
                f"changes must be {' or '.join(map(repr, CHANGES))}, not {self.changes!r}.",
                key="changes",
            )
        if type(self.num_test) is not int or self.num_test < 0:
            raise BadInputError(
                f"num_test must be a whole number of at least 0, not {self.num_test!r}.",
                key="num_test",
            )
        if self.longest_word < 2:
            raise BadInputError("longest_word must be at least 2.", key="longest_word")
        if not FOLLOWERS < self.num_words <= self.num_letters**2:
            raise BadInputError(
                f"num_words must be from {FOLLOWERS + 1} to the square of num_letters, so that "
                f"words differ, not {self.num_words} with {self.num_letters} letters.",
                key="num_words",
            )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Tokens of the context, and the vocabulary: letters and the space."""
        return self.context, self.num_letters + 1

    @property
    def num_outputs(self) -> int:
        """The vocabulary."""
        return self.num_letters + 1

    @property
    def input_bounds(self) -> tuple[float, float]:
        """Tokens are one-hot."""
        return 0.0, 1.0

    def size(self, index: int) -> int:
        """Return how many examples a task has."""
        return self.num_examples

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: examples of texts in its language."""
        rng = self.rng(seed, index)
        words, followers = self._language(
            generator(seed, Branch.TEACHER, 0 if self.changes == "spelling" else index)
        )
        if self.changes == "spelling":
            spelling = np.concatenate([[SPACE], 1 + rng.permutation(self.num_letters)])
            words = [spelling[word] for word in words]
        test = None
        if self.num_test:
            test = self._examples(words, followers, self.num_test, rng)
        trained = self._examples(words, followers, self.num_examples, rng)
        return Task(None, trained.targets, inputs=trained.inputs, test=test)

    def _language(self, rng: np.random.Generator) -> tuple[list[Integers], Integers]:
        """Words, each ending with a space, and the words that may follow each, (words, 4)."""
        found: dict[bytes, Integers] = {}
        while len(found) < self.num_words:
            letters = rng.integers(
                1, self.num_letters + 1, size=rng.integers(2, self.longest_word + 1)
            )
            found[letters.tobytes()] = np.append(letters, SPACE)
        count = self.num_words
        followers = np.stack([rng.permutation(count)[:FOLLOWERS] for _ in range(count)])
        return list(found.values()), followers

    def _examples(
        self, words: list[Integers], followers: Integers, count: int, rng: np.random.Generator
    ) -> Task:
        """Examples from random places of a text that is long enough for them to differ."""
        length = 4 * count + self.context
        share = 1 / np.arange(1, FOLLOWERS + 1)
        # Every word has two letters and a space at least.
        choices = rng.choice(FOLLOWERS, size=length // 3 + 1, p=share / share.sum()).tolist()
        word = int(rng.integers(self.num_words))
        text = []
        for choice in choices:
            text.append(words[word])
            word = followers[word, choice]
        tokens = np.concatenate(text)[:length]
        places = rng.permutation(length - self.context)[:count]
        windows = tokens[places[:, None] + np.arange(self.context + 1)]
        one_hot: Floats = np.eye(self.num_outputs, dtype=np.float32)[windows[:, :-1]]
        return Task(None, windows[:, -1].astype(np.int64), inputs=one_hot)
