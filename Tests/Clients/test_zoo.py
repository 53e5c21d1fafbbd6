"""A third of the zoo: films of every kind play as ffmpeg decodes them. `make zoo` tries all of them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import zoo
from palco import Palco

THIRD = zoo.FILMS[::3]


@pytest.fixture(scope="module")
def sent(films, tmp_path_factory):
    """A server to which all of them were sent at once, and for each film its file and the answer."""
    palco = Palco(tmp_path_factory.mktemp("zoo") / "data").start()
    client = palco.admin()
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda film: zoo.make(films, film), THIRD))
        answers = list(pool.map(lambda path: zoo.upload(client, path), paths))
    yield client, dict(zip(THIRD, zip(paths, answers)))
    assert palco.stop() == 0


@pytest.mark.parametrize("film", THIRD, ids=lambda film: film.name)
def test_a_film_plays_as_ffmpeg_decodes_it(sent, film):
    client, answers = sent
    found = zoo.verdict(client, film, *answers[film])
    assert found.is_right, f"{found.outcome}: {found.reason}"
