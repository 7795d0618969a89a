import numpy as np

from classifier.indicators import indicators
from classifier.mentions.learning import learn, said_by_folds
from classifier.mentions.machines import NEVER, fit_machines
from classifier.mentions.pieces import Pieces
from classifier.pipeline import PipelineConfig, build_pipeline
from tests.classifier.mentions.conftest import AROUND, SAYS, mails

DRIVERS = tuple(sorted(SAYS))


def quiet(line):
    pass


def cut(messages):
    return Pieces.of([message.text for message in messages])


def test_the_sentence_that_was_meant_speaks_and_those_around_it_do_not():
    messages = mails(200)
    features = build_pipeline()[0].fit([message.text for message in messages])
    machines = learn(messages, (), DRIVERS, features, cut(messages))
    spoken = machines.logits(features.transform([SAYS[driver] for driver in DRIVERS]))
    around = machines.logits(features.transform(AROUND))
    assert (np.diag(spoken) > 0).all()
    assert (spoken[~np.eye(len(DRIVERS), dtype=bool)] < 0).all()
    assert (around < 0).all()


def test_folds_tell_drivers_apart_that_they_never_saw_these_messages_of():
    messages = mails(150)
    said = said_by_folds(
        messages, (), DRIVERS, cut(messages), folds=3, config=PipelineConfig(), progress=quiet
    )
    truth = indicators([message.label.drivers for message in messages], DRIVERS)
    assert (said.loudest[truth] > 0).mean() > 0.9
    assert (said.loudest[~truth] < 0).mean() > 0.9
    assert said.sentences.min() >= 3


def test_two_workers_hear_what_one_does():
    messages = mails(100)
    alone, side_by_side = (
        said_by_folds(
            messages,
            (),
            DRIVERS,
            cut(messages),
            folds=4,
            config=PipelineConfig(),
            progress=quiet,
            workers=workers,
        )
        for workers in (1, 2)
    )
    np.testing.assert_array_equal(alone.whole, side_by_side.whole)
    np.testing.assert_array_equal(alone.loudest, side_by_side.loudest)


def test_a_driver_nobody_named_is_never_said():
    rows = build_pipeline()[0].fit_transform(list(SAYS.values()))
    truth = np.zeros((len(SAYS), 2), dtype=bool)
    truth[0, 0] = True
    machines = fit_machines(rows, truth, np.ones(truth.shape), ("seen", "never"))
    assert (machines.decision_function(rows)[:, 1] == NEVER).all()
    assert machines.decision_function(rows)[:, 0].argmax() == 0


def test_what_weighs_nothing_is_no_example():
    rows = build_pipeline()[0].fit_transform(list(SAYS.values()))
    truth = np.array([[True], [False], [False], [True]])
    weights = np.array([[1.0], [1.0], [1.0], [0.0]])
    without = fit_machines(rows[:3], truth[:3], weights[:3], ("one",))
    ignored = fit_machines(rows, truth, weights, ("one",))
    np.testing.assert_allclose(ignored.coef_, without.coef_, atol=1e-6)
