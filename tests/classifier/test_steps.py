from concurrent.futures import ThreadPoolExecutor

from classifier.steps import Steps


def test_each_line_is_the_next_of_so_many():
    lines = []
    steps = Steps(lines.append, 3)
    steps("reading")
    steps("learning")
    assert lines == ["1 of 3: reading", "2 of 3: learning"]


def test_what_there_is_nothing_to_do_for_is_passed_over():
    lines = []
    steps = Steps(lines.append, 8)
    steps("reading")
    steps.reach(2)
    steps("making")
    steps.reach(2)
    steps("judging")
    steps("more than was foreseen")
    assert lines[1:] == ["7 of 8: making", "8 of 8: judging", "8 of 8: more than was foreseen"]


def test_threads_share_the_count():
    lines = []
    steps = Steps(lines.append, 500)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(steps, ["step"] * 500))
    assert lines == [f"{number} of 500: step" for number in range(1, 501)]
