"""The page in a real browser: it replays the run's own numbers, obeys hands and keys, and nothing of the data is run.

Every page that is opened is judged when its test ends: no complaint in the console, no request but for the file itself.
"""

import re
import time

import numpy as np
import pytest

import gradloop as gl
from gradloop.page.record import record_of
from page_fits import FITS, HOSTILE, RANDOM, X, Y, line

FIGURES = ("data", "loss", "batch", "surface", "dial", "result", "arithmetic")
NUMBER = re.compile(r"[-−]?\d[\d,]*\.?\d*(?:e[-−+]?\d+)?")


def numbers(text):
    """The numbers of a text as a page writes them."""
    return [float(found.replace("−", "-").replace(",", "")) for found in NUMBER.findall(text)]


def place(page):
    return int(page.locator(".timeline input[type=range]").input_value())


def sentence(page):
    return page.locator(".timeline .sentence").inner_text()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize("kind", FITS)
def test_every_fit_opens_without_a_complaint(opened, kind):
    fit = FITS[kind]()
    page = opened(fit)
    assert page.title() == record_of(fit)["title"]
    for name in FIGURES:
        assert page.locator(f"section.{name} h2").inner_text()
    assert fit.certificate.sentence in page.locator(".lead").inner_text()
    assert "NaN" not in page.locator("body").inner_text() and "undefined" not in page.locator("body").inner_text()


def test_a_loaded_fit_opens_on_its_data(opened, tmp_path):
    line().save(tmp_path / "m")
    page = opened(gl.load(tmp_path / "m"), X, Y)
    assert page.locator("section.data .dot").count() == 53


# The time line.


def test_step_back_and_jump_show_the_numbers_of_the_run(opened):
    fit = line()
    steps = record_of(fit)["steps"]["taken"]
    page = opened(fit)
    assert place(page) == 30 and "30" in sentence(page)
    press(page, "To the start")
    for at in (0, 1, 2):
        assert place(page) == at and f"step {at + 1} of 30" in sentence(page)
        assert numbers(sentence(page))[-1] == pytest.approx(steps[at]["loss"], rel=1e-3)
        press(page, "Step forward")
    press(page, "Step back")
    press(page, "Step back")
    assert place(page) == 1
    press(page, "To the end")
    assert place(page) == 30 and numbers(sentence(page))[-1] == pytest.approx(fit.history["loss"][-1], rel=1e-3)


def test_the_parameters_the_gradients_and_the_rows_are_those_of_each_step(opened):
    fit = line()
    steps = record_of(fit)["steps"]["taken"]
    page = opened(fit)
    press(page, "To the start")
    page.locator("section.batch summary").click()
    for step in steps[:7]:
        told = [numbers(row) for row in page.locator("section.batch tbody tr").all_inner_texts()]
        for cells, batch, full in zip(told, step["gradient"], step["full_gradient"], strict=True):
            is_short = step["rows"] < steps[0]["rows"]
            first, *_, last = cells[-2 - is_short :]  # between them the book's
            assert [first, last] == pytest.approx([batch, full], rel=1e-3)
        now = [numbers(row)[-1] for row in page.locator("section.result tbody tr").all_inner_texts()]
        assert now == pytest.approx(step["before"], rel=1e-4)
        assert page.locator("section.data .lit:not(.swatch)").count() == step["rows"]
        press(page, "Step forward")


def test_the_rows_that_are_lit_are_those_of_the_batch(opened):
    fit = line()
    steps = record_of(fit)["steps"]["taken"]
    page = opened(fit)
    page.locator("section.data summary").click()
    page.locator("h1").click()  # away from what takes keys itself
    for at in (0, 5):
        page.keyboard.press("Home")
        for _ in range(at):
            press(page, "Step forward")
        shown = [int(numbers(row[0])[0]) for row in cells(page, "section.data tbody tr")]
        assert shown == [row + 1 for row in steps[at]["points"]]


def until(holds):
    """Wait for it, however slow the machine is; Playwright's own way would need the eval that the page forbids."""
    ends = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)


def cells(page, rows):
    return [row.locator("th, td").all_inner_texts() for row in page.locator(rows).all()]


def test_the_short_batch_is_told_from_the_others(opened):
    page = opened(line())
    press(page, "To the start")
    for _ in range(5):
        press(page, "Step forward")
    assert "batch 6 of 6" in sentence(page)
    boxes = [float(box.get_attribute("width")) for box in page.locator("section.batch .box").all()]
    assert len(boxes) == 6 and boxes[-1] < 0.4 * boxes[0]
    assert "3 rows" in page.locator("section.batch figcaption").inner_text()


def test_the_short_batch_is_drawn_as_in_the_book_too(opened):
    """The sum over its three rows, divided by ten: computed here from the rows, and read from bars and table there."""
    fit = line()
    step = record_of(fit)["steps"]["taken"][5]
    page = opened(fit)
    press(page, "To the start")
    for at in range(5):
        assert page.locator("section.batch .bar.book").count() == 0, at
        press(page, "Step forward")
    w, b = step["before"]
    rows = step["points"]
    error = w * X[rows, 0] + b - Y[rows]
    book = [np.sum(error * X[rows, 0]) / 10, np.sum(error) / 10]
    page.locator("section.batch summary").click()
    told = [numbers(row) for row in page.locator("section.batch tbody tr").all_inner_texts()]
    assert [cells[-2] for cells in told] == pytest.approx(book, rel=1e-3)
    wide = {
        kind: [float(bar.get_attribute("width")) for bar in page.locator(f"section.batch .bar.{kind}").all()]
        for kind in ("lit", "book")
    }
    assert wide["book"] == pytest.approx(
        [max(0.3 * width, 1.0) for width in wide["lit"]]
    )  # a bar is seen, however small
    assert "0.3 of the mean" in page.locator("section.batch figcaption").inner_text()


def test_it_plays_and_pauses(opened):
    page = opened(line())
    press(page, "Play")
    until(lambda: place(page) >= 2)
    press(page, "Pause")
    stood = place(page)
    page.wait_for_timeout(900)
    assert place(page) == stood


def test_it_plays_to_the_end_and_rests(opened):
    page = opened(line(gl.Minibatch(gl.sgd(0.01), batch_size=30, epochs=2)))
    press(page, "Play")
    until(lambda: place(page) == 4)
    page.get_by_role("button", name="Play", exact=True).wait_for()


def test_keys_step_jump_and_play(opened):
    page = opened(line())
    for key, expected in (
        ("Home", 0),
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("End", 30),
        ("ArrowRight", 30),
    ):
        page.keyboard.press(key)
        assert place(page) == expected
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    until(lambda: place(page) >= 1)
    page.keyboard.press("Space")
    page.get_by_role("button", name="Play", exact=True).wait_for()


def test_everything_can_be_reached_by_the_tab_key(opened):
    page = opened(line())
    wanted = page.locator("button:enabled, input:enabled, select, summary").count()
    seen = set()
    for _ in range(3 * wanted):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
    reached = page.evaluate(
        "[...document.querySelectorAll('button:enabled, input:enabled, select, summary')]"
        ".map(element => [...document.querySelectorAll('*')].indexOf(element))"
    )
    assert set(reached) <= seen


# The dial and the switch.


def bound(standardised=False):
    columns = (X - X.mean(axis=0)) / X.std(axis=0) if standardised else X
    A = np.column_stack([columns, np.ones(len(X))])
    return 2 / (np.linalg.svd(A, compute_uv=False)[0] ** 2 / len(A))


def turn(page, power):
    page.locator("#rate").evaluate(f"slider => {{ slider.value = {power}; slider.dispatchEvent(new Event('input')); }}")
    page.wait_for_timeout(300)


@pytest.mark.parametrize("standardised", [False, True])
def test_the_dial_shows_the_bound_and_what_lies_beyond_it(opened, standardised):
    page = opened(line(), reduced_motion="reduce")
    if standardised:
        page.get_by_role("switch").click()
    caption = page.locator("section.dial figcaption")
    turn(page, -0.2)
    assert "stable" in caption.inner_text() and "diverges" not in caption.inner_text()
    assert any(value == pytest.approx(bound(standardised), rel=5e-3) for value in numbers(caption.inner_text()))
    turn(page, 0.3)
    assert "diverges" in caption.inner_text()


def test_the_dial_runs_gradient_descent_on_these_data(opened):
    page = opened(line(), reduced_motion="reduce")
    turn(page, -0.5)
    rate = 10**-0.5 * bound()
    page.locator("section.dial summary").click()
    told = [numbers(row) for row in page.locator("section.dial tbody tr").all_inner_texts()]
    w = b = 0.0
    for step, loss in told:
        error = w * X[:, 0] + b - Y
        assert loss == pytest.approx(np.mean(error**2) / 2, rel=1e-4), step
        w, b = w - rate * np.mean(error * X[:, 0]), b - rate * error.mean()


def test_a_page_says_what_its_dial_cannot_run(opened):
    told = opened(line(loss=gl.huber(2.0))).locator("section.dial figcaption").inner_text()
    assert "it cannot run the mean huber loss" in told
    assert "The formula of this law is not in the page" in opened(FITS["law"]()).locator("section.dial").inner_text()


def test_columns_that_are_left_out_are_said(opened):
    wide = RANDOM.normal(size=(200, 61))
    page = opened(gl.fit(wide, wide[:, 0], solver=gl.Minibatch(gl.sgd(0.01), batch_size=50, epochs=1)))
    assert "The first 50 of the 61 columns" in page.locator("header").inner_text()
    assert "62 parameters" in page.locator("section.dial figcaption").inner_text()


def test_the_dial_weighs_rows_as_the_fit_does(opened):
    labels = (X[:, 0] > 5).astype(float)
    heavy = RANDOM.integers(1, 5, len(X)).astype(float)
    solver = gl.Minibatch(gl.sgd(0.01), batch_size=10, epochs=2)
    page = opened(gl.fit(X, labels, model="logistic", weights=heavy, solver=solver), reduced_motion="reduce")
    turn(page, -0.5)
    A = np.column_stack([X, np.ones(len(X))])
    share = heavy / heavy.sum()
    rate = 10**-0.5 * 2 / np.linalg.eigvalsh((A.T * share) @ A / 4)[-1]  # at zero every probability is one half
    page.locator("section.dial summary").click()
    params = np.zeros(2)
    for step, loss in [numbers(row) for row in page.locator("section.dial tbody tr").all_inner_texts()]:
        score = A @ params
        assert loss == pytest.approx(share @ (np.logaddexp(0, score) - labels * score), rel=1e-4), step
        params = params - rate * A.T @ (share * (1 / (1 + np.exp(-score)) - labels))


# Languages, sizes, colours.


def test_both_languages(opened):
    page = opened(line(), locale="zh-CN")
    assert page.evaluate("document.documentElement.lang").startswith("zh")
    chinese = page.locator("section.dial h2").inner_text()
    assert re.search("[\u4e00-\u9fff]", chinese)
    page.locator(".settings select").first.select_option("en")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert not re.search("[\u4e00-\u9fff]", page.locator("main").inner_text())
    page.locator(".settings select").first.select_option(label="中文")
    for name in FIGURES:
        assert re.search("[\u4e00-\u9fff]", page.locator(f"section.{name} h2").inner_text())
    page.keyboard.press("Home")


@pytest.mark.parametrize("width", [360, 800, 2560])
@pytest.mark.parametrize("kind", ["linear", "table", "softmax", "law"])
def test_no_width_scrolls_to_the_side(opened, width, kind):
    page = opened(FITS[kind](), width=width)
    for details in page.locator("summary").all():
        details.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 360, "height": 700})
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ink_stands_out_from_the_paper(opened, scheme):
    page = opened(line(), color_scheme=scheme)
    look = "getComputedStyle(document.body)"
    paper, ink = (numbers(page.evaluate(f"{look}.{part}"))[:3] for part in ("backgroundColor", "color"))
    light, dark = sorted(map(luminance, (paper, ink)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 7
    assert (luminance(paper) > luminance(ink)) == (scheme == "light")


def luminance(colour):
    """Of the Web Content Accessibility Guidelines."""
    parts = [value / 255 for value in colour]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


# Hostile names: the fixture sees to it that none is run.

TEXTS = [name for name in HOSTILE if name.strip()]


@pytest.mark.parametrize("many", range(0, len(TEXTS), 6))
def test_hostile_names_of_columns_are_text(opened, many):
    names = TEXTS[many : many + 6]
    table = {name: RANDOM.normal(size=40) for name in names} | {"target </title><b>": RANDOM.normal(size=40)}
    fit = gl.fit(table, target="target </title><b>", solver=gl.Minibatch(gl.sgd(0.1), batch_size=16, epochs=2))
    page = opened(fit, width=360)
    used(page)
    shown = page.locator("section.result").inner_text()
    for feature in record_of(fit)["features"]:
        assert " ".join(feature["name"].split()) in " ".join(shown.split())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def used(page):
    """Everything that can be opened or pressed was, in both languages."""
    for language in ("en", "zh"):
        page.locator(".settings select").first.select_option(language)
        for details in page.locator("summary").all():
            details.click()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
    assert page.locator("b, img, iframe, object, embed, form").count() == 0
    assert page.locator("script").count() == 2 and page.evaluate("({}).polluted") is None


def test_hostile_categories_are_text(opened):
    words = [name for name in TEXTS if len(name) < 100 and name.isprintable()][:10]
    town = np.array(words)[np.arange(120) % len(words)]
    columns = {"x": RANDOM.normal(size=120), "z": RANDOM.normal(size=120), "town": town}
    solver = gl.Minibatch(gl.sgd(0.1), batch_size=16, epochs=2)
    used(opened(gl.fit(columns, target="town", model="softmax", solver=solver)))
    used(opened(gl.fit(columns, target="x", solver=solver)))


def test_hostile_sentences_are_text(opened):
    import dataclasses

    fit = dataclasses.replace(line(), notes=tuple(HOSTILE))
    used(opened(fit))


def test_thinned_data_say_so(opened):
    many = RANDOM.normal(size=(20_000, 1))
    fit = gl.fit(many, many[:, 0], solver=gl.Minibatch(gl.sgd(0.01), batch_size=10, epochs=1))
    page = opened(fit)
    told = re.sub(r"(?<=\d)\D(?=\d{3})", "", page.locator("header").inner_text())
    kept = len(record_of(fit)["steps"]["taken"])
    assert "5000 of the 20000 rows" in told and f"{kept} of the 2000 steps" in told
    assert page.locator("section.data .dot").count() == 5000


def test_nothing_may_be_loaded_or_run_that_is_not_the_pages_own(chromium, tmp_path):
    """The checker is shown what it must see: the policy stops a script, a picture and a request put into the page."""
    path = tmp_path / "run.html"
    line().page(path)
    page = chromium.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(path.as_uri())
    page.evaluate(
        "() => { const image = new Image(); image.src = 'https://example.invalid/x.png'; document.body.append(image);"
        "const script = document.createElement('script'); script.textContent = 'window.ran = 1';"
        "document.body.append(script); return fetch('https://example.invalid/').catch(() => 0); }"
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert len([text for text in said if "Content Security Policy" in text]) >= 3
    page.close()
