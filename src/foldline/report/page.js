"use strict";
const pictures = JSON.parse(document.getElementById("pictures").textContent);
const shownWindow = document.getElementById("window"), content = document.getElementById("content");

// Each picture is in the page once, however often it is shown.
function fill(within) {
  for (const image of within.querySelectorAll("img[data-picture]")) {
    image.onload = () => image.classList.toggle("small", image.naturalHeight < 48 && !image.classList.contains("over"));
    image.src = pictures[image.dataset.picture];
  }
}
fill(document);

function open(...nodes) {
  content.replaceChildren(...nodes);
  fill(content);
  if (!shownWindow.open) shownWindow.showModal();
  content.focus({ preventScroll: true });
  shownWindow.scrollTop = 0;
}

function enlarged(figure) {
  const copy = figure.cloneNode(true), thumb = copy.querySelector(".thumb");
  copy.classList.add("large");
  if (thumb) thumb.replaceWith(...thumb.childNodes);
  return copy;
}

function openPicture(name, caption) {
  const figure = document.createElement("figure"), image = document.createElement("img"), said = document.createElement("figcaption");
  figure.className = "large";
  Object.assign(image, { alt: caption });
  image.dataset.picture = name;
  said.textContent = caption;
  figure.append(...(pictures[name] ? [image, said] : [said]));
  open(figure);
}

// Of a chart's points that open pictures the one that is open: arrow keys go on to the next.
let opened = null;
function openPoint(points, at) {
  openPicture(points[at].name, points[at].caption);
  opened = { points, at };
}
document.addEventListener("keydown", event => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (opened && step) openPoint(opened.points, (opened.at + step + opened.points.length) % opened.points.length);
});

document.addEventListener("click", event => {
  const cell = event.target.closest("button[data-opens]"), thumb = event.target.closest("button.thumb");
  if (cell) open(cell.nextElementSibling.content.cloneNode(true));
  else if (thumb) open(enlarged(thumb.closest("figure")));
  else if (event.target === shownWindow) shownWindow.close();
});
shownWindow.addEventListener("close", () => { content.replaceChildren(); opened = null; });

const charts = [...document.querySelectorAll(".chart-data")];
const dark = matchMedia("(prefers-color-scheme: dark)");

function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim(); }

function style() {
  const text = { labelColor: colour("quiet"), titleColor: colour("quiet"), labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500 };
  return {
    background: "transparent", font: "system-ui, sans-serif", view: { stroke: null },
    axis: { ...text, domainColor: colour("line"), tickColor: colour("line"), gridColor: colour("line") },
    legend: text, header: text, title: { color: colour("ink"), fontSize: 13, anchor: "start" },
    mark: { color: colour("accent") }, text: { color: colour("ink") }, rule: { color: colour("quiet") },
    range: { category: dark.matches
      ? ["#f4975c", "#7aa7d9", "#8ccf9b", "#d79ad1", "#d8c46a", "#6fc7c9", "#f2899c", "#b0a4e8", "#b8bfc6", "#c9a27c"]
      : ["#b4470f", "#2f68a5", "#2f7d43", "#8d3f8b", "#8a7410", "#1c7c80", "#b5304c", "#5d4fb0", "#5c646c", "#7d5429"] },
  };
}

function draw() {
  charts.forEach(async data => {
    const place = data.nextElementSibling, { spec, opens, caption } = JSON.parse(data.textContent);
    const { view } = await vegaEmbed(place, { $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", ...spec },
      { actions: false, config: style(), renderer: "canvas", tooltip: { theme: dark.matches ? "dark" : "light" } });
    if (!opens) return;
    const said = datum => ({ name: datum[opens], caption: String(datum[caption] ?? "") }), points = spec.data.values.map(said);
    view.addEventListener("click", (event, item) => {
      if (!item || !item.datum || !(opens in item.datum)) return;
      const { name, caption } = said(item.datum);
      openPoint(points, points.findIndex(point => point.name === name && point.caption === caption));
    });
    place.tabIndex = 0;
    place.onkeydown = event => { if (event.key === "Enter") openPoint(points, 0); };
  });
}
if (charts.length) { draw(); dark.addEventListener("change", draw); }
