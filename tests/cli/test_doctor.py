import json

import gradloop.doctor as module
from gradloop.doctor import examine
from shell import run


def test_a_healthy_installation():
    out, err = run("doctor")
    known = examine()
    assert err == "" and out.split("self-test")[0] == str(known).split("self-test")[0]
    told = json.loads(run("doctor", "--json")[0])
    assert told["healthy"] and told["features"] == known.features and told["dependencies"] == known.dependencies
    assert [check["passed"] for check in told["checks"]] == [True, True, True]


def test_what_is_broken_is_a_sentence_and_an_exit_code(monkeypatch):
    def broken():
        raise RuntimeError("no code comes out")

    monkeypatch.setitem(module.CHECKS, "engine", broken)
    out, err = run("doctor", code=1)
    assert "WRONG engine: no code comes out (RuntimeError)" in out
    assert err == "gradloop: engine: no code comes out (RuntimeError)\n"
    out, err = run("doctor", "--json", code=1)
    assert json.loads(out)["healthy"] is False and err.startswith("gradloop: engine")
