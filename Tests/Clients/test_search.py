"""Search and suggestions, as a client of the API has them."""

import urllib.parse


def ask(client, call, **parameters):
    return client.get(f"/videos/{call}?{urllib.parse.urlencode(parameters, doseq=True)}")


def test_search_filters_pages_counts_and_suggestions(own_server, films):
    palco = own_server().start()
    admin = palco.admin()
    film = films.bikes
    first = admin.upload(
        film, title="Cirugía de rodilla", description="Prótesis total", tags="rodilla,quirófano", people="Ana Núñez",
        category="Cirugía", language="es-419",
    )  # fmt: skip
    first = first.expect(201).json()["id"]
    second = admin.upload(films.copy(film, "second"), title="Операция на сердце", tags="сердце").expect(201).json()["id"]
    hidden = admin.upload(films.copy(film, "hidden"), title="Rodilla secreta", is_hidden="true").expect(201).json()["id"]

    found = ask(admin, "search", q="cirugia rodillas").expect(200).json()
    assert [video["id"] for video in found["data"]] == [first] and found["next_cursor"] is None
    assert found["counts"]["total"] == 1
    assert found["counts"]["category"] == [{"value": "Cirugía", "count": 1}]
    assert found["counts"]["person"] == [{"value": "Ana Núñez", "count": 1}]
    assert {each["value"] for each in found["counts"]["tag"]} == {"rodilla", "quirófano"}
    assert len(found["counts"]["status"]) == 1
    assert found["counts"]["language"] == [{"value": "es-419", "count": 1}]
    for path in ("/videos/search", "/videos"):
        assert [video["id"] for video in admin.get(f"{path}?language=es-419").expect(200).json()["data"]] == [first]
        assert admin.get(f"{path}?language=Spanish").expect(422).json()["errors"][0]["field"] == "language"
    title = next(each for each in found["data"][0]["highlights"] if each["field"] == "title")
    assert [title["text"][each["start"]:][:each["length"]] for each in title["ranges"]] == ["Cirugía", "rodilla"]
    # Another form, a mistake, and a word that is not finished.
    for words in ("операции сердца", "оперция", "опер"):
        assert [video["id"] for video in ask(admin, "search", q=words).expect(200).json()["data"]] == [second], words

    everything = ask(admin, "search", sort="oldest", limit=2).expect(200).json()
    assert [video["id"] for video in everything["data"]] == [first, second]
    rest = ask(admin, "search", sort="oldest", limit=2, cursor=everything["next_cursor"]).expect(200).json()
    assert [video["id"] for video in rest["data"]] == [hidden] and rest["counts"] is None
    assert ask(admin, "search", tag=["rodilla", "quirófano"], person="Ana Núñez").expect(200).json()["counts"]["total"] == 1
    for query in ("sort=best", "limit=0", "cursor=nonsense", "from=yesterday", "min_duration=x", "status=done"):
        refused = admin.get(f"/videos/search?{query}").expect(422).json()
        assert refused["errors"][0]["field"] == query.split("=")[0]

    offered = ask(admin, "suggestions", q="rod").expect(200).json()["data"]
    assert {(each["kind"], each["text"]) for each in offered} == {
        ("tag", "rodilla"), ("video", "Cirugía de rodilla"), ("video", "Rodilla secreta"),
    }  # fmt: skip
    assert {each["video_id"] for each in offered} == {None, first, hidden}
    alike = admin.get(f"/videos/{first}/related").expect(200).json()["data"]
    assert first not in [each["id"] for each in alike] and len(alike) <= 12
    palco.client().get(f"/videos/{first}/related").expect(401)
    admin.request("DELETE", f"/videos/{second}").expect(204)
    admin.get(f"/videos/{second}/related").expect(404)
    assert ask(admin, "search", q="сердце").expect(200).json()["data"] == []
    client = palco.client()
    client.get("/videos/search?q=rodilla").expect(401)
    client.get("/videos/suggestions?q=rod").expect(401)
    assert palco.stop() == 0
