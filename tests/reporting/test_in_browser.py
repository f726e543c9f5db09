"""Tests of the reports in a browser: what is seen, pointed at, clicked and typed."""

import shutil
from contextlib import closing

import numpy as np
import pytest

from skspot import make_intervals
from skspot.reporting import VideoReport, write_report_index
from tests.conftest import align_exactly
from tests.reporting.pages import frame_scores

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update"]
SIZES = [(1280, 900), (400, 800)]
PREDICTED = make_intervals(
    [(10, 14, 40, "macro", 0.8), (60, 64, 70, "micro", 0.4), (100, 118, 128, "macro", 0.6)]
)
TRUE = make_intervals([(12, 14, 40, "macro"), (140, 143, 148, "micro")])


@pytest.fixture(scope="module")
def browser():
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"needs Chromium: none of {', '.join(BROWSERS)} is installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(still_data, tmp_path_factory):
    """Return a folder with reports and their index."""
    folder = tmp_path_factory.mktemp("reports")
    aligned = align_exactly(still_data)[0]
    scores = frame_scores(len(aligned))
    report = VideoReport.from_predictions(TRUE, PREDICTED, aligned=aligned, scores=scores)
    report.save(folder / "report.html")
    drawn = VideoReport.from_predictions(None, PREDICTED, aligned=aligned, faces=False)
    drawn.save(folder / "drawn.html")
    empty = VideoReport.from_predictions(None, PREDICTED[:0], aligned=aligned)
    empty.save(folder / "empty.html")
    (folder / "notebook.html").write_text(report._repr_html_())
    reports = {"report.html": {**report.summary(), "name": "s10 <b>"}}
    for name, macro in (("s9", 20), ("s2", 3)):
        reports[f"{name}.html"] = {**report.summary(), "name": name, "macro": macro}
    write_report_index(folder / "index.html", {**reports, "x.mp4": ValueError("no face")})
    return folder


@pytest.fixture
def visit(browser, folder):
    """Return what opens a page, and at the end checks that it was quiet and asked for nothing."""
    pages, troubles, requests = {}, [], []

    def open_page(name, size=SIZES[0], **options):
        viewport = {"width": size[0], "height": size[1]}
        page = browser.new_page(viewport=viewport, reduced_motion="reduce", **options)
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto((folder / name).as_uri())
        pages[page] = (folder / name).as_uri()
        return page

    yield open_page
    for page in pages:
        page.close()
    assert troubles == []
    asked = [url for url in requests if not url.startswith("data:image/jpeg")]
    assert asked == list(pages.values())


def selected(page):
    """Return the numbers of the intervals whose details are seen."""
    cards = page.locator("article").all()
    return [int(card.get_attribute("id").split("-")[1]) for card in cards if card.is_visible()]


def point_at(page, time, height=0.5):
    box = page.locator("#timeline").bounding_box()
    page.mouse.move(box["x"] + box["width"] * time / 5, box["y"] + box["height"] * height)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["report.html", "drawn.html", "empty.html", "index.html"])
def test_pages_fit_the_window(visit, name, size):
    page = visit(name, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.locator("h1").is_visible()


@pytest.mark.parametrize("size", SIZES)
def test_intervals_are_where_they_are_in_time(visit, size):
    page = visit("report.html", size)
    line = page.locator("#timeline").bounding_box()
    for number, row in enumerate(PREDICTED, 1):
        box = page.locator(f'a.mark[data-number="{number}"] rect').bounding_box()
        middle = (box["x"] + box["width"] / 2 - line["x"]) / line["width"]
        assert middle * 150 == pytest.approx((row["onset"] + row["offset"] + 1) / 2, abs=0.8)
        assert box["width"] / line["width"] * 150 == pytest.approx(
            row["offset"] - row["onset"] + 1, abs=2
        )


@pytest.mark.parametrize("size", SIZES)
def test_pointing_at_the_timeline_shows_frame_time_and_scores(visit, size):
    page = visit("report.html", size)
    cursor = page.locator("#cursor")
    assert cursor.get_attribute("hidden") is not None
    point_at(page, 2.51)
    text = page.locator("#readout").inner_text()
    scores = frame_scores(150)[75]
    assert text.startswith("Frame 75, 0:02.50 (2.50 s)")
    for label in ("macro", "micro"):
        values = ", ".join(
            f"{kind} {np.rint(100 * scores[f'{label}_{kind}']) / 100:.2f}"
            for kind in ("onset", "apex", "offset", "expression")
        )
        assert f"{label}: {values}" in text
    assert cursor.get_attribute("hidden") is None
    assert float(cursor.get_attribute("x1").strip("%")) == pytest.approx(50.2, abs=0.3)
    page.locator('a.mark[data-number="2"]').hover()
    assert "Micro-expression, interval 2" in page.locator("#readout").inner_text()


@pytest.mark.parametrize("size", SIZES)
def test_a_click_shows_an_interval_with_its_pictures(visit, size):
    page = visit("report.html", size)
    assert selected(page) == [1]
    page.locator('a.mark[data-number="2"]').click()
    assert selected(page) == [2]
    pictures = page.locator("#interval-2 img")
    assert pictures.count() == 4
    for picture in pictures.all():
        assert picture.is_visible()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 200
    page.get_by_role("link", name="macro 3").click()
    assert selected(page) == [3]
    page.get_by_role("button", name="Previous").click()
    assert selected(page) == [2]
    page.get_by_role("link", name="interval 1", exact=True).click()
    assert selected(page) == [1]
    assert page.get_by_role("button", name="Previous").is_disabled()


@pytest.mark.parametrize("size", SIZES)
def test_the_chosen_interval_is_visible_and_described(visit, size):
    """However it is chosen, its card is brought into the window, and its apex is described."""
    page = visit("report.html", size)
    scores = frame_scores(150)
    assert "choose an interval" in page.locator("#readout").inner_text()
    assert page.locator("#readout").get_attribute("aria-live") == "polite"
    for number, choose in (
        (2, lambda: page.locator('a.mark[data-number="2"]').click()),
        (3, lambda: page.get_by_role("button", name="Next").click()),
        (2, lambda: page.get_by_role("button", name="Previous").click()),
        (3, lambda: page.locator('a.mark[data-number="3"]').press("Enter")),
        (1, lambda: page.get_by_role("link", name="macro 1").click()),
        (1, lambda: page.locator('a.mark[data-number="1"]').press(" ")),
    ):
        page.mouse.move(0, 0)
        page.evaluate("scrollTo(0, 0)")
        choose()
        assert selected(page) == [number]
        card = page.locator(f"#interval-{number}")
        top = card.bounding_box()["y"]
        pictures = card.locator(".pictures").bounding_box()
        assert 0 <= top < pictures["y"] + pictures["height"] <= size[1]
        bottom = top + card.bounding_box()["height"]
        assert bottom <= size[1] + 1 or top < 100  # where it is higher than the window
        row = PREDICTED[number - 1]
        text = page.locator("#readout").inner_text()
        assert text.startswith(f"{row['label'].capitalize()}-expression, interval {number}, ")
        assert f"Apex: Frame {row['apex']}, " in text
        apex_score = np.rint(100 * scores[f"{row['label']}_apex"][row["apex"]]) / 100
        assert f"apex {apex_score:.2f}" in text.partition(f"{row['label']}: ")[2]


def test_arrow_keys_leave_the_timeline_in_view(visit):
    page = visit("report.html", SIZES[1])
    page.locator('a.mark[data-number="1"]').press("ArrowRight")
    assert page.evaluate("scrollY") == 0
    assert "interval 2" in page.locator("#readout").inner_text()


def test_a_click_near_a_short_interval_is_enough(visit):
    page = visit("report.html")
    box = page.locator('a.mark[data-number="2"] rect').bounding_box()
    page.mouse.click(box["x"] - 9, box["y"] + 5)
    assert selected(page) == [2]
    page.mouse.click(box["x"] + 200, box["y"] + 5)
    assert selected(page) == [2]


def test_keys(visit):
    page = visit("report.html")
    marks = page.get_by_role("button", name="-expression, interval")
    assert marks.count() == 3
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('mark')"):
            break
    focused = "document.activeElement.dataset.number"
    assert page.evaluate(focused) == "1"
    for key, number in (
        ("ArrowRight", 2),
        ("ArrowDown", 3),
        ("ArrowRight", 3),
        ("ArrowLeft", 2),
        ("Home", 1),
        ("End", 3),
        ("ArrowUp", 2),
        (" ", 2),
        ("Enter", 2),
    ):
        page.keyboard.press(key)
        assert page.evaluate(focused) == str(number)
        assert selected(page) == [number]
    assert page.locator('a.mark[aria-pressed="true"]').count() == 1
    ring = "getComputedStyle(document.activeElement.querySelector('rect')).strokeWidth"
    assert page.evaluate(ring) == "6px"


def test_zoom(visit):
    page = visit("report.html")
    line = page.locator("#timeline").bounding_box()
    bar = page.locator('a.mark[data-number="3"]')
    bar.click()
    before = bar.locator("rect").bounding_box()
    assert not page.locator("#position").is_visible()
    page.get_by_role("button", name="Zoom in").click()
    after = bar.locator("rect").bounding_box()
    assert after["width"] == pytest.approx(2 * before["width"], rel=0.05)
    assert line["x"] <= after["x"] <= line["x"] + line["width"]
    page.locator("#position").fill("0")
    point_at(page, 0)
    assert page.locator("#readout").inner_text().startswith("Frame 0,")
    page.get_by_role("link", name="macro 3").click()  # brings it into view again
    assert line["x"] <= bar.locator("rect").bounding_box()["x"] <= line["x"] + line["width"]
    page.get_by_role("button", name="Whole video").click()
    whole = bar.locator("rect").bounding_box()
    assert (whole["x"], whole["width"]) == (before["x"], before["width"])


def test_without_faces(visit):
    page = visit("drawn.html")
    assert page.locator("img").count() == 0
    assert page.locator("#interval-1 figure.outline > svg").is_visible()


def test_without_javascript(visit):
    page = visit("report.html", java_script_enabled=False)
    assert selected(page) == [1, 2, 3]
    assert not page.get_by_role("button", name="Zoom in").is_visible()
    assert page.locator("polyline[data-curve]").count() == 4
    page.locator('a.mark[data-number="3"]').click()
    assert page.url.endswith("#interval-3")


def test_in_print_all_is_shown(visit):
    page = visit("report.html")
    page.emulate_media(media="print")
    assert selected(page) == [1, 2, 3]
    assert not page.locator("#readout").is_visible()


def test_in_print_drawings_are_small_and_beside_the_table(visit):
    page = visit("drawn.html")
    page.emulate_media(media="print")
    for card in page.locator("article").all():
        drawing = card.locator("figure.outline").bounding_box()
        table = card.locator("table").bounding_box()
        assert drawing["width"] <= 180
        assert drawing["x"] + drawing["width"] <= table["x"]
        assert drawing["y"] < table["y"] + table["height"]


def test_in_a_notebook(browser, folder):
    with closing(browser.new_page()) as page:
        page.goto((folder / "notebook.html").as_uri())
        frame = page.frame_locator("iframe")
        frame.locator('a.mark[data-number="2"]').click()
        assert frame.locator("#interval-2").is_visible()
        assert not frame.locator("#interval-1").is_visible()


def test_an_address_with_an_interval(browser, folder):
    with closing(browser.new_page()) as page:
        page.goto((folder / "report.html").as_uri() + "#interval-3")
        assert selected(page) == [3]


@pytest.mark.parametrize("size", SIZES)
def test_the_index_is_sorted(visit, size):
    page = visit("index.html", size)
    names = page.locator("tbody td:first-child")
    assert names.all_inner_texts() == ["s10 <b>", "s9", "s2"]
    page.get_by_role("button", name="Video").click()
    assert names.all_inner_texts() == ["s2", "s9", "s10 <b>"]
    page.get_by_role("button", name="Macro", exact=True).focus()
    page.keyboard.press("Enter")
    assert names.all_inner_texts() == ["s10 <b>", "s2", "s9"]
    page.keyboard.press("Space")
    assert names.all_inner_texts() == ["s9", "s2", "s10 <b>"]
    assert page.locator("[aria-sort]").count() == 1
    header = page.locator('[aria-sort="descending"]')
    assert header.inner_text().startswith("Macro")
    assert "ValueError: no face" in page.locator("#failures").inner_text()
    assert names.last.locator("a").get_attribute("href") == "report.html"
