"""A sixth of the zoo: films of every kind play as ffmpeg decodes them. `make zoo` tries all of them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pytest
import zoo
import zoo_films
from palco import Palco

SOME = zoo_films.FILMS[::6]


@pytest.fixture(scope="module")
def verdicts(films, tmp_path_factory):
    """What becomes of each film; several are on their way at once."""
    palco = Palco(tmp_path_factory.mktemp("zoo") / "data").start()
    client = palco.admin()
    pool = ThreadPoolExecutor(4)
    yield {film: pool.submit(zoo.tried, client, films, film) for film in SOME}
    pool.shutdown(cancel_futures=True)
    assert palco.stop() == 0


def test_every_two_values_that_can_meet_do():
    possible = zoo_films.partners()
    met = set().union(*(zoo_films.pairs_of(asdict(film)) for film in zoo_films.FILMS))
    for one, others in possible.items():
        for pair in [(one, other) for other in others if (one, other) not in met]:
            # A third value forbids it.
            assert not zoo_films.completed({"damage": "whole", **dict(pair)}, possible, set(), zoo_films.FACTORS), pair


@pytest.mark.parametrize("film", SOME, ids=lambda film: film.name)
def test_a_film_plays_as_ffmpeg_decodes_it(verdicts, film):
    found = verdicts[film].result()
    assert found.is_right, f"{found.outcome}: {found.reason}"
