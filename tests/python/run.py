"""The official OpenAI package against a real model server, through the relay.

Each function named `the_...` or `a_...` is a test; the name is the fact it
shows. Prints a line for each and exits 1 when one failed.

Needs WAYSTATION_BIN and WAYSTATION_TEST_LLAMA_URL.
"""

import decimal
import os
import sys
import time
import traceback

import openai

from relay import MODEL, Relay

QUESTION = [{"role": "user", "content": "Say something about rivers and the people who cross them."}]


def client(relay, secret):
    # Without retries, an error is the first answer and not the last of three.
    return openai.OpenAI(base_url=relay.base_url + "/v1", api_key=secret, max_retries=0, timeout=60)


def list_price(usage):
    """1 USD a million tokens read, 2 USD a million written, rounded up to a nano-USD."""
    return decimal.Decimal(usage.prompt_tokens + 2 * usage.completion_tokens) / 1_000_000


def a_plain_answer_comes_back_and_is_priced(relay):
    user, secret = relay.add_customer("1")
    raw = client(relay, secret).chat.completions.with_raw_response.create(
        model=MODEL, messages=QUESTION, max_tokens=24
    )
    answer = raw.parse()
    assert answer.choices[0].message.content, answer
    assert answer.model == MODEL, answer.model
    assert 0 < answer.usage.completion_tokens <= 24, answer.usage
    row = relay.request_row(raw.headers["x-request-id"])
    assert decimal.Decimal(row["charged"]) == list_price(answer.usage), (row, answer.usage)
    balance = relay.call("GET", f"/api/admin/users/{user}")["balance"]
    assert decimal.Decimal(balance["available"]) == 1 - list_price(answer.usage), balance
    assert decimal.Decimal(balance["pending"]) == 0, balance


def a_streamed_answer_comes_back_and_is_priced(relay):
    user, secret = relay.add_customer("1")
    stream = client(relay, secret).chat.completions.create(
        model=MODEL, messages=QUESTION, max_tokens=24, stream=True, stream_options={"include_usage": True}
    )
    text, usage, finish = "", None, None
    for event in stream:
        if event.choices:
            text += event.choices[0].delta.content or ""
            finish = event.choices[0].finish_reason or finish
        usage = event.usage or usage
    assert text and usage is not None, (text, usage)
    assert finish in ("stop", "length"), finish
    balance = relay.call("GET", f"/api/admin/users/{user}")["balance"]
    spent = 1 - decimal.Decimal(balance["available"])
    # Cached input has no price of its own here, so it costs what input costs.
    assert spent == list_price(usage), (spent, usage)


def a_stream_without_usage_asked_for_carries_none(relay):
    _, secret = relay.add_customer("1")
    stream = client(relay, secret).chat.completions.create(
        model=MODEL, messages=QUESTION, max_tokens=8, stream=True
    )
    events = list(stream)
    assert events and all(event.usage is None for event in events), events[-1]
    assert all(event.choices for event in events), events[-1]


def an_abandoned_stream_is_settled(relay):
    user, secret = relay.add_customer("1")
    stream = client(relay, secret).chat.completions.create(
        model=MODEL, messages=QUESTION, max_tokens=400, stream=True
    )
    next(iter(stream))
    stream.close()
    deadline = time.monotonic() + 60
    while True:
        balance = relay.call("GET", f"/api/admin/users/{user}")["balance"]
        if decimal.Decimal(balance["pending"]) == 0:
            break
        assert time.monotonic() < deadline, balance
        time.sleep(0.05)
    assert decimal.Decimal(balance["available"]) < 1, balance


def an_answer_without_a_cap_gets_the_models_default(relay):
    _, secret = relay.add_customer("1")
    answer = client(relay, secret).chat.completions.with_raw_response.create(model=MODEL, messages=QUESTION)
    assert answer.headers["x-waystation-output-cap"] == "128", dict(answer.headers)
    assert answer.parse().usage.completion_tokens <= 128


def the_models_are_listed(relay):
    _, secret = relay.add_customer("1")
    assert [model.id for model in client(relay, secret).models.list()] == [MODEL]
    assert client(relay, secret).models.retrieve(MODEL).id == MODEL


def a_bad_key_is_an_authentication_error(relay):
    expect_error(openai.AuthenticationError, "invalid_api_key", lambda: client(relay, "sk-wrong").chat.completions.create(
        model=MODEL, messages=QUESTION
    ))


def an_unknown_model_is_not_found(relay):
    _, secret = relay.add_customer("1")
    expect_error(openai.NotFoundError, "model_not_found", lambda: client(relay, secret).chat.completions.create(
        model="unknown", messages=QUESTION
    ))


def an_empty_balance_is_an_error_that_is_not_retried(relay):
    _, secret = relay.add_customer(None)
    retrying = openai.OpenAI(base_url=relay.base_url + "/v1", api_key=secret, max_retries=2)
    started = time.monotonic()
    error = expect_error(openai.APIStatusError, "insufficient_balance", lambda: retrying.chat.completions.create(
        model=MODEL, messages=QUESTION
    ))
    assert error.status_code == 402, error.status_code
    assert error.response.headers["x-should-retry"] == "false"
    assert time.monotonic() - started < 5


def a_wrong_body_is_a_bad_request(relay):
    _, secret = relay.add_customer("1")
    expect_error(openai.BadRequestError, "invalid_request", lambda: client(relay, secret).chat.completions.create(
        model=MODEL, messages="not a list"
    ))


def expect_error(kind, code, call):
    try:
        answer = call()
    except kind as error:
        assert error.code == code, (error.code, error.body)
        assert error.request_id, error.response.headers
        return error
    raise AssertionError(f"no {kind.__name__}: {answer}")


def main():
    upstream = os.environ["WAYSTATION_TEST_LLAMA_URL"]
    tests = [
        test for name, test in globals().items() if callable(test) and name.startswith(("a_", "an_", "the_"))
    ]
    failed = 0
    with Relay() as relay:
        relay.add_llama(upstream)
        for test in tests:
            started = time.monotonic()
            word = "ok"
            try:
                test(relay)
            except Exception:
                traceback.print_exc()
                word = "FAILED"
                failed += 1
            print(f"{word} {test.__name__} ({time.monotonic() - started:.2f} s)", flush=True)
        report = relay.audit()
        if report["open_holds"] or report["difference_count"]:
            print(f"FAILED the_books_are_clean (0.00 s)\n{report}")
            failed += 1
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
