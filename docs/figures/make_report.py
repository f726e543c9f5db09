"""Take the picture of a report on a synthetic video.

    python docs/figures/make_report.py

needs Chromium and writes `docs/_static/report.png`. The report shows the true intervals: the
picture shows the page, not the quality of a model.
"""

import shutil
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from example_video import make_example
from PIL import Image
from playwright.sync_api import sync_playwright

from skspot.reporting import VideoReport

STATIC = Path(__file__).parent.parent / "_static"


def main():
    data, aligned = make_example()
    report = VideoReport.from_predictions(
        None, data.intervals[0], aligned=aligned, title="Interview", made=datetime(2026, 1, 1)
    )
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "report.html"
        report.save(page_file)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1000, "height": 960}, reduced_motion="reduce")
        page.goto(page_file.as_uri())
        page.get_by_role("button", name="micro").first.click()
        page.evaluate("window.scrollTo(0, 0)")  # choosing has scrolled to the pictures
        page.screenshot(path=STATIC / "report.png")
        browser.close()
    picture = Image.open(STATIC / "report.png").convert("RGB")
    picture.quantize(128).save(STATIC / "report.png", optimize=True)  # half the size


if __name__ == "__main__":
    main()
