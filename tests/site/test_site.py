"""The built site: what a browser makes of every page, at two widths.

`make test-docs` builds it and runs these; they need Debian's packages chromium and chromium-driver.
"""

import functools
import http.server
import re
import sys
import threading
import zlib
from importlib.resources import files
from pathlib import Path
from urllib.parse import urljoin

import pytest
from rich.progress import track
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import keras_segaug
from docs.builder.catalog import public_layers
from docs.builder.reference import MODULES
from tests.browser_driver import WIDTHS, chromium, set_width

pytestmark = pytest.mark.site

SITE = Path(__file__).resolve().parents[2] / "site"
PAGES = sorted(str(page.relative_to(SITE)) for page in SITE.rglob("*.html"))
# The parts of the page that the browser can check against WCAG 2.1 AA, as axe-core knows them.
AXE = "return axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']})"
LOOKS = """
const seen = (element) => element.checkVisibility({checkOpacity: true, checkVisibilityCSS: true});
const small = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  const text = walker.currentNode.data.trim();
  if (text && !["SCRIPT", "STYLE"].includes(element.tagName) && seen(element)
      && parseFloat(getComputedStyle(element).fontSize) < 12)
    small.add(`${element.tagName}.${element.className}: ${text.slice(0, 20)}`);
}
const images = [...document.images];
const failed = (image) => image.complete && !image.naturalWidth && image.loading !== "lazy";
return {
  small: [...small].slice(0, 3),
  wide: Math.max(0, document.documentElement.scrollWidth - innerWidth),
  unnamed: images.filter((image) => !image.hasAttribute("alt")).map((image) => image.src),
  broken: images.filter(failed).map((image) => image.src),
};
"""


@pytest.fixture(scope="module")
def address():
    assert PAGES, f"There is no site in {SITE}: run `make docs`"
    handler = functools.partial(_Quiet, directory=SITE)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def browser():
    with chromium() as driver:
        yield driver


def addresses(base):
    return [urljoin(base, page.removesuffix("index.html")) for page in PAGES if page != "404.html"]


def violations(browser):
    """What axe-core finds: {rule: the first element that breaks it}."""
    browser.execute_script((files("axe_core_python") / "axe.min.js").read_text())
    found = browser.execute_script(AXE)["violations"]
    return {each["id"]: each["nodes"][0]["html"][:200] for each in found}


def problems(browser, page):
    """All that is wrong with a page, by what it is."""
    browser.get(page)
    found = browser.execute_script(LOOKS)
    found["axe"] = violations(browser)
    found["console"] = [entry["message"] for entry in browser.get_log("browser")]
    return {what: value for what, value in found.items() if value}


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_readable_for_everybody(browser, address, width):
    set_width(browser, width)
    pages = track(addresses(address), f"Pages, {width}", disable=not sys.stdout.isatty())
    found = {page: problems(browser, page) for page in pages}
    assert {page: wrong for page, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("page", ["", "layers/", "layers/JointRandomRotation/", "guides/masks/"])
def test_dark_colors_have_contrast_too(browser, address, page):
    set_width(browser, "desktop")
    preference = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", preference)
    browser.get(address)
    browser.execute_script("localStorage.clear()")
    try:
        wrong = problems(browser, urljoin(address, page))
        assert browser.find_element(By.TAG_NAME, "body").get_dom_attribute(
            "data-md-color-scheme"
        ) == ("slate")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        browser.execute_script("localStorage.clear()")
    assert wrong == {}


def test_a_broken_page_would_be_noticed(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        "<body><p style='font-size: 9px; width: 3000px; color: #ccc; background: #ddd'>Text</p>"
        "<img src='nothing.png'><script>console.error('wrong')</script></body>"
    )
    set_width(browser, "phone")
    found = problems(browser, page.as_uri())
    assert found.keys() == {"small", "wide", "unnamed", "broken", "axe", "console"}
    assert found["axe"].keys() >= {"color-contrast", "image-alt", "document-title"}


def test_nothing_is_loaded_from_elsewhere():
    assert PAGES
    tags = re.compile(r"<(?:script|img|iframe|link rel=\"?(?:stylesheet|icon|preconnect))[^>]*>")
    for page in PAGES:
        for tag in tags.findall((SITE / page).read_text()):
            assert not re.search(r"(?:src|href)=\"?(?:https?:)?//", tag), (page, tag)


def test_the_site_is_small():
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) < 60e6
    start = (SITE / "index.html").read_text()
    parts = set(re.findall(r"(?:src|href)=\"?([^\s\">#]+\.(?:css|js|png|webp|svg|jpg))", start))
    assert parts
    assert len(start.encode()) + sum((SITE / part).stat().st_size for part in parts) < 1e6


def test_everything_public_is_in_the_inventory():
    """What other sites link to, as Sphinx and mkdocstrings read it."""
    raw = (SITE / "objects.inv").read_bytes()
    lines = zlib.decompress(raw.split(b"\n", 4)[4]).decode().splitlines()
    named = {line.split(" ", 1)[0] for line in lines}
    public = {*keras_segaug.__all__, *MODULES} - {"__version__"}
    methods = {"AugmentationLayer.invert", "MultiView.transfer", "AugmentedModel.fit"}
    assert {f"keras_segaug.{name}" for name in public | methods} <= named


def test_every_layer_has_its_page_and_its_card(browser, address):
    set_width(browser, "desktop")
    browser.get(urljoin(address, "layers/"))
    cards = browser.find_elements(By.CSS_SELECTOR, ".card")
    assert [card.get_attribute("href") for card in cards] == [
        urljoin(address, f"layers/{entry.name}/") for entry in public_layers()
    ]


def test_types_are_chosen_by_keyboard(browser, address):
    set_width(browser, "desktop")
    browser.get(urljoin(address, "layers/"))
    button = browser.find_element(By.CSS_SELECTOR, ".filter button[data-type=mixing]")
    browser.execute_script("arguments[0].focus()", button)
    button.send_keys(Keys.ENTER)
    cards = browser.find_elements(By.CSS_SELECTOR, ".card")
    shown = {card.get_attribute("data-type") for card in cards if card.is_displayed()}
    assert shown == {"mixing"}
    assert button.get_attribute("aria-pressed") == "true"


def test_the_slider_shows_another_draw_by_keyboard(browser, address):
    set_width(browser, "phone")
    browser.get(urljoin(address, "layers/JointRandomElasticTransform/"))
    draws = browser.find_element(By.CSS_SELECTOR, ".draws")
    slider, output = (draws.find_element(By.TAG_NAME, name) for name in ("input", "output"))
    shown = draws.find_element(By.CSS_SELECTOR, ".draws-shown")
    before = output.text, shown.screenshot_as_png
    for _ in range(3):
        slider.send_keys(Keys.ARROW_RIGHT)
    assert before[0].startswith("strength=0.02")
    assert output.text.startswith("strength=0.03")
    assert shown.screenshot_as_png != before[1]
    assert output.text in shown.get_attribute("aria-label")


def results(browser, query):
    """Where the first results of a search lead."""
    box = browser.find_element(By.CSS_SELECTOR, ".md-search__input")
    browser.execute_script("arguments[0].focus()", box)
    box.send_keys(query)
    WebDriverWait(browser, 60).until(
        lambda driver: driver.find_elements(By.CSS_SELECTOR, "a.md-search-result__link")
    )
    links = browser.find_elements(By.CSS_SELECTOR, "a.md-search-result__link")
    return [link.get_attribute("href") for link in links][:5]


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("ignore filled pixels", "guides/masks/"),
        ("albumentations pipeline", "guides/from_other_libraries/"),
        ("augment in the model jax", "guides/model_or_pipeline/"),
        ("JointRandomElasticTransform", "layers/JointRandomElasticTransform/"),
        ("points target", "layers/targets/"),
    ],
)
def test_what_newcomers_look_for_is_found_with_one_search(browser, address, query, page):
    set_width(browser, "desktop")
    browser.get(address)
    found = results(browser, query)
    assert any(link.startswith(urljoin(address, page)) for link in found), found
