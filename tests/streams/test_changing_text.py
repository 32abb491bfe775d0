"""Artificial languages, read back from the examples."""

import itertools

import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.streams.changing_text import SPACE

SMALL = {"num_words": 8, "num_letters": 5, "num_examples": 60, "num_test": 40, "longest_word": 4}


def make(**parameters):
    return pb.make_stream("plasticity/ChangingText-v0", **{**SMALL, **parameters})


def sentences(part):
    """Tokens of each example and the one that follows, (n, context + 1)."""
    assert np.array_equal(part.inputs.sum(-1), np.ones(part.inputs.shape[:2]))
    return np.column_stack([part.inputs.argmax(-1), part.targets])


def words(part):
    """Whole words of the examples, between two spaces, with the one after each."""
    pairs = set()
    for tokens in sentences(part).tolist():
        text = "".join(map(str, tokens)).split(str(SPACE))[1:-1]
        pairs |= set(itertools.pairwise(text)) | {(word, None) for word in text}
    return pairs


def lexicon(*parts):
    return {word for part in parts for word, _ in words(part)}


def test_texts_are_walks_over_words_of_a_small_lexicon():
    task = make(num_examples=4000, num_test=2000).task(3, 1)
    known = lexicon(task)
    assert 5 < len(known) <= 8  # a walk need not reach all
    assert lexicon(task.test) == known  # the test part is another text in the same language
    assert {len(word) for word in known} <= {2, 3, 4}
    followers = {word: {b for a, b in words(task) if a == word and b} for word in known}
    assert {len(after) for after in followers.values()} <= {1, 2, 3, 4}
    assert max(len(after) for after in followers.values()) == 4


def test_the_language_changes_or_its_spelling_does():
    languages = make(num_examples=2000)
    assert lexicon(languages.task(3, 0)) != lexicon(languages.task(3, 1))
    respelt = make(num_examples=2000, changes="spelling")
    first, second = (lexicon(respelt.task(3, i)) for i in (0, 1))
    assert first != second

    def patterns(known):
        """Words by which of their letters are equal, which no permutation changes."""
        return sorted(tuple(word.index(letter) for letter in word) for word in known)

    assert patterns(first) == patterns(second)


def test_tasks_are_pure_functions_and_examples_differ():
    stream = make()
    one, other = stream.task(5, 2), stream.task(5, 2)
    for a, b in zip(one.arrays(), other.arrays(), strict=True):
        assert a is None or np.array_equal(a, b)
    assert not np.array_equal(one.targets, stream.task(6, 2).targets)
    assert one.inputs.shape == (60, *stream.input_shape) == (60, 16, 6)
    assert len(one.test.targets) == 40
    assert make(num_test=0).task(5, 2).test is None


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"changes": "grammar"}, "changes must be 'language' or 'spelling', not 'grammar'"),
        ({"num_words": 4}, "num_words must be from 5 to the square of num_letters"),
        ({"num_words": 26}, "num_words must be from 5 to the square of num_letters"),
        ({"longest_word": 1}, "longest_word must be at least 2"),
        ({"num_test": -1}, "num_test must be a whole number of at least 0, not -1"),
        ({"context": 0}, "context must be a whole number of at least 1, not 0"),
    ],
)
def test_impossible_languages_are_refused(parameters, sentence):
    with pytest.raises(pb.BadInputError, match=sentence):
        make(**parameters)


@pytest.mark.slow
def test_a_gpt_learns_it_and_its_first_token_does_not_see_the_last():
    """Causal: what a position computes does not depend on later tokens."""
    import torch

    spec = pb.NetworkSpec(name="gpt", dim=8, depth=2, heads=2, input_shape=(16, 6), num_outputs=6)
    network = pb.build_network(spec)
    x = torch.from_numpy(make().task(0, 0).inputs[:2])
    inner = torch.nn.Sequential(*list(network)[:-2])  # all tokens, without the last-token head
    later = x.clone()
    later[:, 9:] = x[:, 9:].flip(1)
    assert not torch.equal(x, later)
    torch.testing.assert_close(inner(x)[:, :9], inner(later)[:, :9])
    assert not torch.allclose(inner(x)[:, 9:], inner(later)[:, 9:])
    learner = pb.Learner(step_size=0.01)
    population = pb.Population([pb.Replica(0, learner)], spec)
    stream = make(num_tasks=1, updates_per_task=300)
    result = pb.evaluate(stream, population, pb.Protocol(curvature_examples=16))
    accuracy = {m.name: m.values[0] for m in result.measurements}
    assert accuracy["accuracy"] > 0.9 > accuracy["chance"]
