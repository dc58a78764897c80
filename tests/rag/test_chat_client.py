"""Talking to a model over a real connection: retries, silence, runaway replies, the cache, keys."""

import pytest

pytest.importorskip("langchain_openai")

from langchain_core.messages import HumanMessage, SystemMessage
from scripted_model import Reply, said, serving

from index.errors import UserError
from rag.answer import chat_client
from rag.answer.chat_client import ChatClient, ModelFailed, Usage
from rag.answer.chat_models import open_model, without_keys
from rag.answer.reply_cache import ReplyCache

MESSAGES = [SystemMessage("Be brief."), HumanMessage("Who leads?")]


@pytest.fixture(autouse=True)
def no_key_and_short_waits(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(chat_client, "LONGEST_WAIT", 0.05)


def client(url, cache=None, timeout=5.0, longest=20.0, reply_tokens=200):
    model = open_model("openai:scripted", url=url, reply_tokens=reply_tokens, timeout=timeout)
    return ChatClient(
        model,
        f"openai:scripted {url}",
        cache=cache,
        timeout=timeout,
        longest=longest,
        reply_tokens=reply_tokens,
    )


def reply_of(client):
    *pieces, spent = client.stream(MESSAGES)
    assert isinstance(spent, Usage)
    return "".join(pieces), spent


def test_a_reply_streams_and_tells_what_it_cost():
    with serving("Lankford leads [1].") as (server, url):
        text, spent = reply_of(client(url))
    assert text == "Lankford leads [1]."
    assert (spent.tokens_in, spent.tokens_out) == (123, 45)
    assert server.requests[0]["stream"] is True
    assert server.requests[0]["temperature"] == 0


def test_tokens_are_counted_here_when_the_server_does_not():
    with serving(Reply(said("Lankford leads.").pieces, usage=False)) as (_, url):
        _, spent = reply_of(client(url))
    assert spent.tokens_in > 0
    assert spent.tokens_out == 5  # "L", "ank", "ford", " leads", "."


@pytest.mark.parametrize("fault", [Reply(status=429), Reply(status=500), Reply(status=503), Reply(reset=True)])
def test_a_passing_fault_is_tried_again(fault):
    with serving(fault, "Here now.") as (server, url):
        assert reply_of(client(url))[0] == "Here now."
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(Reply(status=429), "HTTP 429"), (Reply(status=500), "HTTP 500"), (Reply(reset=True), "Error")],
)
def test_tries_are_bounded(fault, reason):
    with serving(fault) as (server, url), pytest.raises(ModelFailed, match=reason):
        reply_of(client(url))
    assert len(server.requests) == chat_client.MOST_ATTEMPTS


def test_a_lasting_fault_is_not_tried_again():
    with serving(Reply(status=401)) as (server, url), pytest.raises(ModelFailed, match="HTTP 401"):
        reply_of(client(url))
    assert len(server.requests) == 1


def test_a_reply_that_has_begun_is_not_begun_again():
    with serving(Reply(("Lankford ", "leads"), reset=True)) as (server, url):
        pieces = []
        with pytest.raises(ModelFailed):
            pieces.extend(client(url).stream(MESSAGES))
    assert pieces == ["Lankford ", "leads"]
    assert len(server.requests) == 1


@pytest.mark.parametrize("keep_alive", [False, True])
def test_thirty_seconds_of_silence_are_not_waited_out(keep_alive):
    # With keep-alives the connection is never silent, so only our own clock can tell.
    silent = Reply(("Lank", "ford"), stall=30.0, keep_alive=keep_alive)
    with serving(silent) as (_, url), pytest.raises(ModelFailed, match=r"no word for 1 s|[Tt]ime"):
        reply_of(client(url, timeout=1.0))


def test_an_endless_reply_is_cut():
    with (
        serving(Reply(endless="and on and on and on ")) as (_, url),
        pytest.raises(ModelFailed, match="limit"),
    ):
        reply_of(client(url, reply_tokens=50))


def test_an_endless_reply_of_nothing_is_cut():
    with serving(Reply(endless="\u200b")) as (_, url), pytest.raises(ModelFailed):
        reply_of(client(url, reply_tokens=50))


@pytest.mark.parametrize("text", ["", "   \n"])
def test_an_empty_reply_is_a_failure(text):
    with serving(text) as (_, url), pytest.raises(ModelFailed, match="empty"):
        reply_of(client(url))


def test_invalid_utf8_never_reaches_the_answer():
    broken = b'data: {"choices": [{"index": 0, "delta": {"content": "caf\xff\xfe"}}]}\n\n'
    with serving(Reply(raw=broken)) as (_, url):
        try:
            text, _ = reply_of(client(url))
        except ModelFailed:
            return
    assert text.encode("utf-8")


def test_a_whole_reply_is_kept_and_given_again(tmp_path):
    cache = ReplyCache(tmp_path / "replies.sqlite")
    with serving("First.", "Second.") as (server, url):
        assert reply_of(client(url, cache))[0] == "First."
        text, spent = reply_of(client(url, cache))
    assert (text, spent.cached, spent.tokens_out) == ("First.", True, 45)
    assert len(server.requests) == 1


def test_a_reply_that_failed_is_not_kept(tmp_path):
    cache = ReplyCache(tmp_path / "replies.sqlite")
    with serving(Reply(("Half",), reset=True), "Whole.") as (_, url):
        with pytest.raises(ModelFailed):
            reply_of(client(url, cache))
        assert reply_of(client(url, cache))[0] == "Whole."


def test_the_cache_key_changes_with_everything_that_matters():
    base = ReplyCache.key("model a", MESSAGES)
    assert base == ReplyCache.key("model a", list(MESSAGES))
    assert base != ReplyCache.key("model b", MESSAGES)
    assert base != ReplyCache.key("model a", [*MESSAGES, HumanMessage("more")])
    assert base != ReplyCache.key("model a", [HumanMessage("Be brief."), MESSAGES[1]])


def test_a_damaged_cache_says_what_to_delete(tmp_path):
    path = tmp_path / "replies.sqlite"
    path.write_bytes(b"not a database, whatever its name says" * 50)
    with serving("Fine.") as (_, url), pytest.raises(UserError, match=r"replies\.sqlite"):
        reply_of(client(url, ReplyCache(path)))


def test_the_key_goes_to_the_server_and_nowhere_else(monkeypatch, tmp_path):
    key = "sk-test-5f0e1d"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    refused = Reply(status=401, body=f'{{"error": {{"message": "Incorrect API key provided: {key}"}}}}')
    with serving(refused) as (server, url):
        with pytest.raises(ModelFailed) as failed:
            reply_of(client(url, ReplyCache(tmp_path / "replies.sqlite")))
        assert key in server.headers[0]["authorization"]
    assert key not in str(failed.value)
    assert "<OPENAI_API_KEY>" in str(failed.value)
    assert not any(key.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_the_key_is_not_in_a_trace(monkeypatch):
    from langchain_core.load import dumps
    from langchain_core.tracers.run_collector import RunCollectorCallbackHandler

    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-5f0e1d")
    collector = RunCollectorCallbackHandler()
    with serving("Fine.") as (_, url):
        model = open_model("openai:scripted", url=url)
        list(model.stream(MESSAGES, config={"callbacks": [collector]}))
    assert collector.traced_runs
    assert "sk-test-5f0e1d" not in str([run.model_dump() for run in collector.traced_runs])
    assert "sk-test-5f0e1d" not in dumps(model) + repr(model)


def test_a_missing_package_is_named_with_the_line_that_installs_it():
    with pytest.raises(UserError, match=r'pip install "clippings\[google\]"'):
        open_model("google_genai:gemini-2.5-flash")
    with pytest.raises(UserError, match="pip install langchain-groq"):
        open_model("groq:llama-3.3-70b")


@pytest.mark.parametrize("name", ["llama3.2", "openai:", ":x", ""])
def test_a_name_without_provider_is_explained(name):
    with pytest.raises(UserError, match="provider:model"):
        open_model(name)


def test_an_unknown_provider_is_explained():
    with pytest.raises(UserError, match="'nobody:x'"):
        open_model("nobody:x")


def test_a_missing_key_is_explained():
    with pytest.raises(UserError, match="OPENAI_API_KEY"):
        open_model("openai:gpt-5-mini")


def test_without_keys_hides_every_secret(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-1234567")
    assert without_keys("bad sk-ant-1234567!") == "bad <ANTHROPIC_API_KEY>!"
