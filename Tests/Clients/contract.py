"""api/openapi.yaml against what is really answered: every answer that a client of the tests gets is checked here.

An answer breaks the contract when its status is not promised, its body is of another type, has a field too many or
too few or a value out of range, is there where none is promised or missing where one is, or when it carries a header
field of Palco's or of tus that the contract does not know. What nobody saw in all runs together is listed and fails:

    contract.py FILE …    with what each run saw, in the file that PALCO_SEEN named
"""

import datetime
import json
import re
import sys
import uuid
from pathlib import Path

BASE = "/api/v1"
# Fields of the head that mean something to a client of the API; all others follow from HTTP.
MEANT = re.compile(r"(?i)location|retry-after|ratelimit-.*|content-range|upload-.*|tus-(?!resumable).*|palco-.*|set-cookie")


LINES = ("application/jsonl", "application/x-ndjson", "text/csv")

# What no test here sees for sure, and why.
UNSEEN = {
    "Problem.error_id": "comes with a fault of the server, which no request is known to cause",
    "GET /videos 503": "needs hundreds of searches that wait",
    "GET /videos/search 503": "the same",
    "GET /videos/suggestions 503": "the same",
    "GET /videos/{id}/related 503": "the same",
    "GET /videos/{id}/renditions/{rendition}.mp4 503": "comes while the rendition is being made, which no test holds up",
    "GET /videos/{id}/renditions/{rendition}.mp4 409": "needs a film that is mended and not made anew, which VideosTests play",
    "GET /videos/{id}/thumbnail.jpg 429": "needs dozens of pictures that are made, which VideosTests play",
    "GET /videos/{id}/thumbnail.jpg 503": "comes while the film is being made, or too many pictures are, as EncodingTests do",
    "PUT /videos/{id}/poster 503": "the same",
    "POST /auth/register 503": "needs hundreds who register at once, which AccountsTests makes in process",
    "POST /auth/verify 503": "the same",
    "POST /auth/password/reset 503": "the same",
    "IdentityProvider.name": "comes with an outside identity provider",
    "IdentityProvider.label": "the same",
    "Worker.age_seconds": "comes with workers elsewhere, which only several servers on PostgreSQL have",
    "Worker.done": "the same",
    "Worker.host": "the same",
    "Worker.kinds": "the same",
    "Worker.max_lines": "the same",
    "Worker.places": "the same",
    "Worker.process": "the same",
    "Worker.running": "the same",
    "Worker.silence_seconds": "the same",
    "Worker.state": "the same",
    "Worker.version": "the same",
    "POST /auth/password 503": "needs guesses from many networks at once, which AccountsTests makes in process",
    "POST /shares/{token}/play 503": "needs guesses from many networks at once, as for POST /auth/password",
    "POST /auth/otp/setup 429": "needs dozens of guesses of one session that wait, which AccountsTests makes in process",
    "POST /auth/otp/setup 503": "needs guesses from many networks at once, as for POST /auth/password",
    "POST /auth/otp/disable 429": "as for POST /auth/otp/setup",
    "POST /auth/otp/recovery-codes 429": "as for POST /auth/otp/setup",
    "DELETE /auth/me 429": "as for POST /auth/otp/setup",
    "DELETE /auth/me 503": "as for POST /auth/otp/setup",
}


class Contract:
    def __init__(self, document):
        self.document = document
        # (METHOD, path as it is written, status), and (schema, field)
        self.seen = set()
        self.fields_seen = set()

    def save(self, path):
        kept = {"document": self.document, "seen": list(self.seen), "fields_seen": list(self.fields_seen)}
        Path(path).write_text(json.dumps(kept))

    # What is promised

    def promises(self):
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                for status in operation["responses"]:
                    yield method.upper(), path, int(status)

    def fields(self):
        """Of everything that an answer holds, as against a request."""
        for method, path, status in self.promises():
            answer = self._resolved(self.document["paths"][path][method.lower()]["responses"][str(status)])
            for media in answer.get("content", {}).values():
                yield from self._fields(media["schema"])

    def unseen(self):
        """What is promised and was in no answer."""
        found = [" ".join(map(str, each)) for each in self.promises() if each not in self.seen]
        found += [".".join(each) for each in set(self.fields()) if each not in self.fields_seen]
        # Refusals for want of time or of a database come by chance as well.
        sure = [each for each in UNSEEN if not each.endswith((" 429", " 503"))]
        known = [f"{each} is seen now: take it out of UNSEEN" for each in sure if each not in found]
        return sorted(set(found) - UNSEEN.keys()) + known

    def _fields(self, schema):
        name = schema.get("$ref", "").rpartition("/")[2]
        schema = self._resolved(schema)
        for choice in schema.get("oneOf", []):
            yield from self._fields(choice)
        if "items" in schema:
            yield from self._fields(schema["items"])
        for key, field in schema.get("properties", {}).items():
            yield name, key
            yield from self._fields(field)

    def _resolved(self, value):
        while "$ref" in value:
            place = self.document
            for step in value["$ref"].split("/")[1:]:
                place = place[step]
            value = place
        return value

    # What is answered

    def check(self, method, target, answer):
        path = target.split("?")[0]
        if not path.startswith(BASE + "/"):
            return
        breaches = self.breaches(method, path.removeprefix(BASE), answer)
        assert not breaches, f"{method} {target} answered {answer.status} {dict(answer.headers)}\n" + "\n".join(breaches)

    def check_value(self, value, schema):
        """A value that did not come as the body of an answer, such as the data of an event."""
        breaches = self._mismatches(value, {"$ref": f"#/components/schemas/{schema}"}, schema)
        assert not breaches, f"{value}\n" + "\n".join(breaches)

    def breaches(self, method, path, answer):
        template = self._template(path, method)
        if template is None:
            # The router's own answers: no such address (404), no such method there (405).
            return [] if answer.status in (404, 405) and answer.code else ["this is not in the contract"]
        # HEAD is GET without a body, where it is not described itself.
        described = self.document["paths"][template]
        operation = described.get(method.lower()) or described["get"]
        promised = operation["responses"].get(str(answer.status))
        if promised is None:
            return [f"{method} {template} may not answer {answer.status}"]
        self.seen.add((method if method.lower() in described else "GET", template, answer.status))
        promised = self._resolved(promised)
        found = self._head(promised.get("headers", {}), answer) + self._parts(answer)
        if method == "HEAD":
            return found + (["HEAD has a body"] if answer.body else [])
        return found + self._body(promised.get("content"), answer)

    def _template(self, path, method):
        def fits(template):
            words = re.split(r"\{[^}]+\}", template)
            return re.fullmatch("[^/]+".join(map(re.escape, words)), path)

        methods = {method.lower()} | ({"get"} if method == "HEAD" else set())
        found = [each for each, described in self.document["paths"].items() if fits(each) and methods & described.keys()]
        # As the router has it: what is written out goes before what stands for anything.
        return min(found, key=lambda each: each.count("{"), default=None)

    def _head(self, promised, answer):
        found = []
        promised = {name.lower(): self._resolved(header) for name, header in promised.items()}
        for name, value in answer.headers.items():
            if name.lower() in promised:
                schema = self._resolved(promised[name.lower()]["schema"])
                if schema.get("type") == "integer":
                    value = int(value) if re.fullmatch(r"\d+", value) else value
                found += self._mismatches(value, schema, name)
            elif MEANT.fullmatch(name):
                found.append(f"the field {name} is not in the contract")
        for name, header in promised.items():
            if header.get("required") and name not in {each.lower() for each in answer.headers}:
                found.append(f"the field {name} is missing")
        return found

    @staticmethod
    def _parts(answer):
        """What HTTP asks of parts and of copies that are still good (RFC 9110 14.4, 15.4.5)."""
        extent = answer.headers["Content-Range"] or ""
        if answer.status == 206:
            found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", extent)
            first, last, size = map(int, found.groups()) if found else (0, 0, 0)
            if not first <= last < size or last - first + 1 != len(answer.body):
                return [f"{len(answer.body)} bytes are not the range {extent}"]
        if answer.status == 304:
            return [f"the field {name} is missing" for name in ("ETag", "Cache-Control") if not answer.headers[name]]
        if answer.status == 416 and not re.fullmatch(r"bytes \*/\d+", extent):
            return [f"{extent} does not tell the size"]
        return []

    def _body(self, promised, answer):
        if not promised:
            return ["there is a body"] if answer.body else []
        kind = (answer.headers["Content-Type"] or "").split(";")[0]
        if kind not in promised:
            return [f"the body is {kind or 'without a type'}, not {', '.join(promised)}"]
        # Of a list in lines nothing is a list without any.
        if not answer.body and kind not in LINES:
            return ["there is no body"]
        if not kind.endswith("json"):
            return []
        body = json.loads(answer.body)
        found = self._mismatches(body, promised[kind]["schema"], "body")
        if kind == "application/problem+json":
            found += self._problem(body, answer)
        return found

    @staticmethod
    def _problem(body, answer):
        found = []
        if body.get("status") != answer.status:
            found.append(f"status is {body.get('status')} in the body")
        if answer.status in (423, 429) and answer.headers["Retry-After"] != str(body.get("retry_after")):
            found.append("Retry-After and retry_after differ")
        if answer.status >= 500 and answer.status != 503 and answer.status != 507 and "error_id" not in body:
            found.append("error_id is missing")
        return found

    def _mismatches(self, value, schema, place):
        name = schema.get("$ref", "").rpartition("/")[2]
        schema = self._resolved(schema)
        if "oneOf" in schema:
            options = [self._mismatches(value, choice, place) for choice in schema["oneOf"]]
            return [] if [] in options else [f"{place} is none of what it may be", *options[0]]
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(is_a(value, kind) for kind in types):
            return [f"{place} is {value!r}, not {' or '.join(types)}"]
        found = []
        if "enum" in schema and value not in schema["enum"]:
            found.append(f"{place} is {value!r}, not one of {schema['enum']}")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                found.append(f"{place} is {value}, out of range")
        if isinstance(value, str) and not is_formed(value, schema.get("format")):
            found.append(f"{place} is {value!r}, no {schema['format']}")
        if isinstance(value, list) and "items" in schema:
            for number, item in enumerate(value):
                found += self._mismatches(item, schema["items"], f"{place}[{number}]")
        if isinstance(value, dict) and "properties" in schema:
            found += [f"{place}.{key} is missing" for key in schema.get("required", []) if key not in value]
            for key, field in value.items():
                if key not in schema["properties"]:
                    found.append(f"{place}.{key} is not in the contract")
                    continue
                self.fields_seen.add((name, key))
                found += self._mismatches(field, schema["properties"][key], f"{place}.{key}")
        return found


def is_a(value, kind):
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(
        value,
        {"object": dict, "array": list, "string": str, "number": (int, float), "integer": int, "null": type(None),
         "boolean": bool}[kind],
    )  # fmt: skip


def is_formed(text, form):
    try:
        if form == "uuid":
            return str(uuid.UUID(text)) == text
        if form == "date-time":
            return text.endswith("Z") and datetime.datetime.fromisoformat(text) is not None
    except ValueError:
        return False
    return True


def main(*paths):
    runs = [json.loads(Path(path).read_text()) for path in paths]
    contract = Contract(runs[0]["document"])
    for run in runs:
        contract.seen |= set(map(tuple, run["seen"]))
        contract.fields_seen |= set(map(tuple, run["fields_seen"]))
    unseen = contract.unseen()
    for each in unseen:
        print(f"no test saw what the contract promises: {each}")
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
