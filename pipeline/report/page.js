"use strict";
(() => {
  const root = document.documentElement;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("figures"), palettes = read("palettes");
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 34rem)");
  // On a touch screen a finger on the map must scroll the page.
  const fixedMap = window.matchMedia("(max-width: 34rem), (pointer: coarse)");
  // Pixels on paper; page.css has the same number.
  const paperWidth = 640;
  let chosen = null, printing = false;

  const cssColor = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  /** Replace the colors of the light theme, which figures have, by those of the current theme. */
  function withTheme(value, name) {
    if (name === "color") return palettes[root.dataset.theme][palettes.light.indexOf(value)] ?? value;
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map((item) => withTheme(item));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withTheme(item, key)]));
  }

  function sizeOf(place) {
    if (!printing) return { autosize: true };
    const style = getComputedStyle(place);
    const [tall, share] = ["--tall", "--paper"].map((name) => parseFloat(style.getPropertyValue(name)));
    return { autosize: false, width: paperWidth, height: Math.round(tall * share) };
  }

  function layoutOf(layout) {
    const ink = cssColor("--ink"), line = cssColor("--line"), card = cssColor("--card");
    const family = getComputedStyle(document.body).fontFamily;
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, fixedrange: true, automargin: true };
    const small = narrow.matches || printing;
    const themed = {
      ...withTheme(layout),
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family, size: small ? 11 : 13, color: ink },
      margin: { l: 8, r: 8, t: 28, b: 8, ...layout.margin },
      hoverlabel: { bgcolor: card, bordercolor: line, font: { family, size: 13, color: ink }, align: "left" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: cssColor("--faint"), activecolor: ink },
    };
    for (const name of ["xaxis", "yaxis", "yaxis2"]) {
      if (layout[name]) themed[name] = { ...axis, ...layout[name] };
    }
    if (layout.annotations) themed.annotations = layout.annotations.map((annotation) => ({ ...annotation, font: { color: ink } }));
    // A line without a color gets the color of the text, since it crosses bars.
    if (layout.shapes) themed.shapes = themed.shapes.map((shape) => ({ ...shape, line: { color: ink, ...shape.line } }));
    return themed;
  }

  function draw() {
    for (const [name, figure] of Object.entries(figures)) {
      const place = document.getElementById(`plot-${name}`);
      const movable = name === "map" && !fixedMap.matches;
      const layout = { ...layoutOf(figure.layout), ...sizeOf(place), dragmode: movable ? "pan" : false };
      if (movable) for (const axis of ["xaxis", "yaxis"]) layout[axis].fixedrange = false;
      const config = {
        responsive: true,
        displaylogo: false,
        displayModeBar: movable,
        modeBarButtons: [["zoomIn2d", "zoomOut2d", "resetScale2d"]],
        scrollZoom: movable,
        doubleClick: "reset",
      };
      Plotly.react(place, withTheme(figure.data), layout, config);
    }
  }

  function applyTheme(theme) {
    root.dataset.theme = theme;
    document.getElementById("theme").textContent = theme === "dark" ? "Light" : "Dark";
    draw();
  }

  const currentTheme = () => chosen ?? (prefersDark.matches ? "dark" : "light");
  document.getElementById("theme").addEventListener("click", () => {
    chosen = currentTheme() === "dark" ? "light" : "dark";
    applyTheme(chosen);
  });
  prefersDark.addEventListener("change", () => applyTheme(currentTheme()));
  narrow.addEventListener("change", draw);
  fixedMap.addEventListener("change", draw);
  window.addEventListener("beforeprint", () => {
    printing = true;
    applyTheme("light");
  });
  window.addEventListener("afterprint", () => {
    printing = false;
    applyTheme(currentTheme());
  });

  // The wheel alone scrolls the page: Plotly gets the event only with Ctrl.
  document.getElementById("plot-map")?.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) event.stopPropagation();
    },
    { capture: true, passive: true },
  );

  const copy = document.getElementById("copy");
  copy?.addEventListener("click", async () => {
    const command = document.getElementById("command");
    try {
      await navigator.clipboard.writeText(command.textContent);
      copy.textContent = "Copied";
    } catch {
      window.getSelection().selectAllChildren(command);
      copy.textContent = "Selected";
    }
  });

  applyTheme(currentTheme());
})();
