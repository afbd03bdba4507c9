"""The preview page in a real browser: what it shows, how it is used, at two widths.

`make test-browser` runs these; they need Debian's packages chromium and chromium-driver.
"""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import keras_segaug as ks
from keras_segaug.__main__ import main
from tests.browser_driver import WIDTHS, chromium, set_width

pytestmark = pytest.mark.browser

CT = Path(__file__).resolve().parents[2] / "examples" / "data" / "ct"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("preview")
    for role in ("images", "masks"):
        (folder / role).mkdir()
        for stem in ("030", "090"):
            shutil.copy(CT / role / f"{stem}.png", folder / role / f"{stem}<b>.png")
    border = {"fill_mode": "constant", "mask_fill_value": 255}
    layers = [
        ks.JointRandomRotation((0.1, 0.2), **border),
        ks.RandomChoice([ks.ImageOnlyGamma(0.5), ks.ImageOnlyGaussianNoise(0.1)]),
        ks.ImageOnlyRescaling(1 / 127.5, -1.0),
    ]
    (folder / "mine.json").write_text(ks.Pipeline(layers, seed=1).to_json())
    names = folder / "names.txt"
    names.write_text("\n".join(["</script><b>outside", *(f"organ {i}" for i in range(1, 118))]))
    command = ["preview", "--pipeline", folder / "mine.json", "--output", folder / "page.html"]
    command += ["--images", folder / "images", "--masks", folder / "masks"]
    command += ["--draws", "2", "--class-names", names]
    assert main([str(part) for part in command]) == 0
    return folder / "page.html"


@pytest.fixture(scope="module")
def driver():
    with chromium() as running:
        yield running


@pytest.fixture(params=WIDTHS)
def browser(request, driver, page):
    """The page, loaded at a width. Whatever a test does, the console must stay empty."""
    set_width(driver, request.param)
    driver.get(page.as_uri())
    WebDriverWait(driver, 30).until(lambda d: d.find_elements(By.CSS_SELECTOR, "[data-ready]"))
    yield driver
    assert driver.get_log("browser") == []


def all_of(browser, selector):
    return browser.find_elements(By.CSS_SELECTOR, selector)


def image(browser, place=0):
    """What is seen of an image with its overlays: (height, width, 3)."""
    seen = all_of(browser, ".image")[place]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", seen)
    shot = seen.screenshot_as_png
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)


def press(browser, *keys):
    webdriver.ActionChains(browser).send_keys(*keys).perform()


def focused(browser):
    return browser.switch_to.active_element


def colorful(pixels):
    return (np.ptp(pixels, axis=-1) > 30).mean()


def test_shows_every_image_with_its_parameters_and_shares(browser):
    assert [h.text for h in all_of(browser, "h2")] == ["030<b>.png", "090<b>.png"]
    assert [c.text for c in all_of(browser, "figcaption")] == ["Original", "Draw 1", "Draw 2"] * 2
    natural = "return [...document.images].map(image => image.naturalWidth)"
    assert browser.execute_script(natural) == [122] * 6
    alternatives = [image.get_attribute("alt") for image in all_of(browser, "img")]
    assert alternatives[:2] == ["030<b>.png, original", "030<b>.png, draw 1"]
    parameters = [table.text for table in all_of(browser, "details[open] dl")]
    assert len(parameters) == 4
    for text in parameters:
        assert "JointRandomRotation\nangle: " in text
        assert text.count("not applied") == 1
        assert "ImageOnlyRescaling\nnothing drawn" in text
    assert "Draws are shown with -1 as black" in browser.find_element(By.ID, "notes").text


def test_fits_the_width(browser):
    sizes = "const e = document.documentElement; return [e.scrollWidth, e.clientWidth, innerWidth]"
    for details in all_of(browser, "details:not([open]) > summary"):
        browser.execute_script("arguments[0].click()", details)
    content, seen, inner = browser.execute_script(sizes)
    assert content <= seen == inner
    assert inner in {width for width, _ in WIDTHS.values()}
    assert all(300 > p.size["width"] > 100 or inner < 500 for p in all_of(browser, ".image"))


def test_shares_before_and_after(browser):
    mask = np.array(Image.open(CT / "masks" / "030.png"))
    name, share = "organ 80", (mask == 80).mean()
    assert share > 0.01
    for summary in all_of(browser, "summary"):
        browser.execute_script("arguments[0].parentElement.open = true", summary)
    figures = all_of(browser, "figure")
    original, drawn = (figure.find_element(By.CSS_SELECTOR, "table").text for figure in figures[:2])
    assert f"{name} {100 * share:.2f} %\n" in original + "\n"
    assert f"{name} {100 * share:.2f} % " in drawn
    assert "</script><b>outside" in original


def test_slider_by_keyboard_changes_the_masks(browser):
    slider = browser.find_element(By.ID, "opacity")
    for _ in range(30):
        if focused(browser) == slider:
            break
        press(browser, Keys.TAB)
    assert focused(browser) == slider, "The slider cannot be reached with the tab key."
    ring = "return getComputedStyle(document.activeElement).outlineStyle"
    assert browser.execute_script(ring) == "solid"
    press(browser, Keys.HOME)
    assert browser.find_element(By.ID, "percent").text == "0 %"
    clear = image(browser)
    press(browser, *[Keys.ARROW_RIGHT] * 10)
    assert browser.find_element(By.ID, "percent").text == "50 %"
    half = image(browser)
    press(browser, Keys.END)
    full = image(browser)
    assert colorful(clear) < colorful(half) <= colorful(full)
    # Half way is half of both.
    assert abs(half - (clear + full) / 2).mean() < 1.0


def test_a_class_and_the_outlines_by_keyboard(browser):
    index = browser.execute_script("return data.classes.findIndex(c => c.name === 'organ 80')")
    box = browser.find_element(By.ID, f"class-{index}")
    before = image(browser)
    browser.execute_script("arguments[0].focus()", box)
    press(browser, Keys.SPACE)
    assert not box.is_selected()
    changed = (image(browser) != before).any(-1)
    mask = np.array(Image.open(CT / "masks" / "030.png")) == 80
    shown = np.array(Image.fromarray(mask).resize(changed.shape[::-1])).astype(bool)
    assert changed[shown].mean() > 0.9
    assert changed[~shown].mean() < 0.02
    press(browser, Keys.SPACE)
    assert (image(browser) == before).all()

    browser.execute_script("arguments[0].focus()", browser.find_element(By.ID, "outlines"))
    press(browser, Keys.SPACE)
    filled_only = image(browser)
    assert 0.02 < (filled_only != before).any(-1).mean() < 0.3
    browser.find_element(By.ID, "none").click()
    plain = image(browser)
    assert colorful(plain) == 0
    gray = np.array(Image.open(CT / "images" / "030.png").resize(plain.shape[1::-1], 0))
    assert abs(plain[..., 0] - gray).mean() < 3
    browser.find_element(By.ID, "all").click()
    assert all(box.is_selected() for box in all_of(browser, "#classes input"))
    assert colorful(image(browser)) > colorful(filled_only)


def test_masks_are_where_the_pixels_are(browser):
    """At full opacity, without outlines, each pixel has its class's color."""
    browser.find_element(By.ID, "outlines").click()
    browser.find_element(By.ID, "all").click()
    script = """
        const {fill} = layers[0], {data: pixels} = fill.getContext("2d").getImageData(
            0, 0, fill.width, fill.height);
        return [fill.width, fill.height, data.classes.map(c => [c.id, c.color]), [...pixels]]"""
    width, height, classes, pixels = browser.execute_script(script)
    pixels = np.array(pixels).reshape(height, width, 4)
    mask = np.array(Image.open(CT / "masks" / "030.png"))
    colors = {i: [int(c[k : k + 2], 16) for k in (1, 3, 5)] for i, c in classes}
    expected = np.array([colors[label] for label in mask.ravel().tolist()]).reshape(*mask.shape, 3)
    np.testing.assert_array_equal(pixels[..., :3], expected)
    assert (pixels[..., 3] == 255).all()


def test_every_control_has_a_name_and_nothing_is_loaded_from_elsewhere(browser, page):
    for control in all_of(browser, "input, button, summary"):
        assert control.accessible_name, control.get_attribute("outerHTML")
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert [name for name in loaded if not name.startswith("data:")] == []
    assert "http" not in page.read_text().replace("http-equiv", "")
