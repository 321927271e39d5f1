"use strict";
// After page.js, whose `style` and `dark` it takes.
const { cells, lines: measured, axes } = JSON.parse(document.getElementById("curves-data").textContent);
const lines = measured.map(([of, epoch, part, loss, accuracy]) => ({ ...cells[of], epoch, part, loss, accuracy }));
const state = { measure: "loss", x: "linear", y: "linear", parts: ["train", "validation"], axes: {} };
const controls = document.getElementById("controls");

function group(title, inputs) {
  const set = document.createElement("fieldset");
  set.innerHTML = "<legend></legend>";
  set.firstChild.textContent = title;
  inputs.forEach(input => set.append(input));
  controls.append(set);
}
function choice(type, name, text, checked, change) {
  const label = document.createElement("label"), input = document.createElement("input");
  Object.assign(input, { type, name, checked, onchange: () => { change(input.checked); drawCurves(); } });
  label.append(input, " " + text);
  return label;
}
function radios(title, key, values) {
  group(title, values.map(value => choice("radio", key, value, state[key] === value, () => { state[key] = value; })));
}
if (lines.some(line => line.accuracy !== null)) radios("Show", "measure", ["loss", "accuracy"]);
radios("Epochs", "x", ["linear", "log"]);
radios("Values", "y", ["linear", "log"]);
group("Of", ["train", "validation"].map(part => choice("checkbox", part, part, true, on => {
  state.parts = on ? [...state.parts, part] : state.parts.filter(other => other !== part);
})));
for (const axis of axes) {
  const select = document.createElement("select");
  select.setAttribute("aria-label", axis.name);
  [["", "all"], ...axis.values.map(value => [value, value || "base"])].forEach(([value, text], at) => {
    const option = document.createElement("option");
    Object.assign(option, { value: at, textContent: text });
    select.append(option);
  });
  select.onchange = () => {
    const at = Number(select.value);
    if (at) state.axes[axis.name] = axis.values[at - 1]; else delete state.axes[axis.name];
    drawCurves();
  };
  group(axis.name, [select]);
}

function drawCurves() {
  const measure = state.measure;
  const shown = lines.filter(line => line[measure] !== null && state.parts.includes(line.part)
    && Object.entries(state.axes).every(([name, value]) => line.settings[name] === value));
  const values = shown.map(line => ({ ...line, value: line[measure] }));
  const best = state.parts.map(part => values.filter(line => line.part === part).map(line => line.value))
    .filter(of => of.length).map(of => (measure === "loss" ? Math.min : Math.max)(...of));
  // A cell that diverged would press all others flat: on a linear scale it leaves the picture at the top.
  const ordered = values.map(line => line.value).sort((a, b) => a - b), highest = ordered[ordered.length - 1];
  const limit = 2 * ordered[ordered.length >> 1], isCut = measure === "loss" && state.y === "linear" && highest > limit;
  const above = ordered.filter(value => value > limit).length;
  document.getElementById("cut").textContent = isCut ? ` Points above ${limit.toPrecision(3)}: ${above} of ${ordered.length}; the log scale shows them.` : "";
  const x = { field: "epoch", type: "quantitative", title: "epoch", axis: { tickMinStep: 1 }, scale: { type: state.x, zero: false, nice: false } };
  const y = { field: "value", type: "quantitative", title: measure, scale: { type: state.y, zero: false, ...(isCut ? { domainMax: limit } : {}) } };
  // On a phone a legend at the side would leave no room for the curves.
  const { clientWidth } = document.getElementById("curves-chart");
  const place = clientWidth < 600 ? { orient: "bottom", direction: "vertical" } : { orient: "right" };
  const isFew = new Set(values.map(line => line.cell)).size <= 20;
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", height: 420,
    layer: [
      { data: { values }, mark: { type: "line", clip: true, point: { size: 40 }, tooltip: true }, encoding: {
        x, y, color: { field: "cell", type: "nominal", sort: null, title: "cell", legend: isFew ? { ...place, labelLimit: Math.min(400, clientWidth - 40) } : null },
        strokeDash: { field: "part", type: "nominal", title: null, scale: { domain: ["validation", "train"] },
          legend: { orient: "top", symbolType: "stroke", symbolFillColor: "gray", symbolStrokeColor: "gray", symbolStrokeWidth: 2, symbolSize: 250 } },
        tooltip: [{ field: "cell", title: "cell" }, { field: "part", title: "of" }, { field: "epoch" },
          { field: "loss", format: ".5f" }, { field: "accuracy", format: ".4f" }] } },
      { data: { values: best.map(value => ({ value })) }, mark: { type: "rule", strokeDash: [2, 4] }, encoding: { y } },
    ],
  };
  vegaEmbed("#curves-chart", spec, { actions: false, config: style(), renderer: "svg", tooltip: { theme: dark.matches ? "dark" : "light" } });
}
drawCurves();
dark.addEventListener("change", drawCurves);
