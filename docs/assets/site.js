// A slider over the draws of a layer, and buttons that choose a type of layers.
// Without scripts all draws are seen in the sheet below the slider, and all layers in the list.

function startSliders() {
  for (const draws of document.querySelectorAll(".draws")) {
    const [slider, shown, output] = ["input", ".draws-shown", "output"].map((what) => draws.querySelector(what));
    const labels = JSON.parse(draws.dataset.labels);
    const perRow = (Number(slider.max) + 1) / labels.length;
    const description = shown.getAttribute("aria-label");
    shown.style.backgroundImage = `url("${draws.dataset.sheet}")`;
    // Two tiles are shown of a sheet that is 2 * perRow tiles wide and as many high as there are labels.
    shown.style.backgroundSize = `${perRow * 100}% ${labels.length * 100}%`;
    const show = () => {
      const row = Math.floor(slider.value / perRow), column = slider.value % perRow;
      const share = (place, count) => (count > 1 ? (100 * place) / (count - 1) : 0);
      shown.style.backgroundPosition = `${share(column, perRow)}% ${share(row, labels.length)}%`;
      output.textContent = `${labels[row]}, ${column + 1} of ${perRow}`;
      shown.setAttribute("aria-label", `${description}: ${output.textContent}`);
    };
    slider.addEventListener("input", show);
    show();
  }
}

function startFilter() {
  const filter = document.querySelector(".filter");
  if (!filter) return;
  const cards = document.querySelectorAll(".card");
  filter.addEventListener("click", ({ target }) => {
    if (!target.matches("button")) return;
    for (const button of filter.children) button.setAttribute("aria-pressed", String(button === target));
    for (const card of cards) card.hidden = Boolean(target.dataset.type) && card.dataset.type !== target.dataset.type;
  });
}

// What scrolls by itself, a wide table or line of code, is reached by keyboard only as a stop of the Tab key.
function markScrollable() {
  for (const part of document.querySelectorAll("pre > code, .md-typeset__scrollwrap"))
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
}

startSliders();
startFilter();
// Tables are wrapped once the page is there; others show up in a tab or a note that is opened.
for (const event of ["load", "resize", "change", "toggle"])
  window.addEventListener(event, () => requestAnimationFrame(markScrollable), true);
