"""Scores equal those computed by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustlocal.bench.scoring import DEPTH, Score, percentile, score, summarise


def test_recall_counts_each_answer_and_the_rank_is_the_first_ones() -> None:
    ranked = ["a", "b", "c", "d", "e", "f", "g"]
    assert score(ranked, {"b", "f", "nowhere"}) == Score(1 / 3, 2 / 3, 2)


def test_the_best_score_and_the_worst() -> None:
    assert score(["a"], {"a"}) == Score(1.0, 1.0, 1)
    assert score([], {"a"}) == Score(0.0, 0.0, None)
    assert score(["b"], {"a"}).reciprocal_rank == 0.0


@pytest.mark.parametrize(
    ("place", "found"),
    [(5, Score(1, 1, 5)), (6, Score(0, 1, 6)), (10, Score(0, 1, 10)), (11, Score(0, 0, 11))],
)
def test_recall_ends_exactly_where_its_name_says(place: int, found: Score) -> None:
    ranked = [f"other{number}" for number in range(1, 60)]
    ranked[place - 1] = "answer"
    assert score(ranked, {"answer"}) == found


def test_an_answer_beyond_the_depth_counts_as_not_found() -> None:
    ranked = [str(number) for number in range(DEPTH + 1)]
    assert score(ranked, {str(DEPTH - 1)}).rank == DEPTH
    assert score(ranked, {str(DEPTH)}).rank is None


def test_a_summary_is_the_mean_over_queries() -> None:
    found = summarise([Score(1.0, 1.0, 1), Score(0.5, 1.0, 2), Score(0.0, 0.0, None)])
    assert found.queries == 3
    assert found.recall_5 == pytest.approx(0.5)
    assert found.recall_10 == pytest.approx(2 / 3)
    assert found.hit_1 == pytest.approx(1 / 3)
    assert found.mrr == pytest.approx((1 + 0.5 + 0) / 3)


def test_no_query_gives_zeros() -> None:
    assert summarise([]).mrr == summarise([]).mrr_high == 0.0


def test_the_interval_narrows_with_more_queries_and_is_the_same_each_time() -> None:
    few = [Score(1, 1, 1), Score(0, 0, None)] * 10
    many = few * 20
    assert summarise(few) == summarise(few)
    width_of_few = summarise(few).mrr_high - summarise(few).mrr_low
    assert summarise(many).mrr_high - summarise(many).mrr_low < width_of_few / 2


@settings(max_examples=50, deadline=None)
@given(st.lists(st.none() | st.integers(1, DEPTH), min_size=1, max_size=60))
def test_the_interval_holds_the_mean(ranks: list[int | None]) -> None:
    found = summarise([Score(0.0, 0.0, rank) for rank in ranks])
    assert 0 <= found.mrr_low <= found.mrr + 1e-9
    assert found.mrr <= found.mrr_high + 1e-9 <= 1 + 1e-9


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.5, 6.0), (0.95, 10.0), (1.0, 10.0)])
def test_percentiles_of_one_to_ten(share: float, value: float) -> None:
    assert percentile([float(number) for number in range(10, 0, -1)], share) == value


def test_the_percentile_of_nothing_is_zero() -> None:
    assert percentile([], 0.5) == 0.0
