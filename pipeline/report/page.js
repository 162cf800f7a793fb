"use strict";
(() => {
  const root = document.documentElement;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("figures"), palettes = read("palettes");
  const wish = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 34rem)");
  // Where a finger moves the page, the map must not take hold of it.
  const still = window.matchMedia("(max-width: 34rem), (pointer: coarse)");
  // Pixels, on paper, as page.css has them.
  const paperWidth = 640;
  let chosen = null, printing = false;

  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  /** Change the colours of the light, which figures come in, to those of the theme. */
  function painted(value, name) {
    if (name === "color") return palettes[root.dataset.theme][palettes.light.indexOf(value)] ?? value;
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map((item) => painted(item));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, painted(item, key)]));
  }

  function sizeOf(place) {
    if (!printing) return { autosize: true };
    const style = getComputedStyle(place);
    const [tall, share] = ["--tall", "--paper"].map((name) => parseFloat(style.getPropertyValue(name)));
    return { autosize: false, width: paperWidth, height: Math.round(tall * share) };
  }

  function layoutOf(layout) {
    const ink = colour("--ink"), line = colour("--line"), card = colour("--card");
    const family = getComputedStyle(document.body).fontFamily;
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, fixedrange: true, automargin: true };
    const small = narrow.matches || printing;
    const themed = {
      ...painted(layout),
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family, size: small ? 11 : 13, color: ink },
      margin: { l: 8, r: 8, t: 28, b: 8, ...layout.margin },
      hoverlabel: { bgcolor: card, bordercolor: line, font: { family, size: 13, color: ink }, align: "left" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--faint"), activecolor: ink },
    };
    for (const name of ["xaxis", "yaxis", "yaxis2"]) {
      if (layout[name]) themed[name] = { ...axis, ...layout[name] };
    }
    if (layout.annotations) themed.annotations = layout.annotations.map((own) => ({ ...own, font: { color: ink } }));
    // A line without a colour is as dark as the text: it goes over bars.
    if (layout.shapes) themed.shapes = themed.shapes.map((own) => ({ ...own, line: { color: ink, ...own.line } }));
    return themed;
  }

  function draw() {
    for (const [name, figure] of Object.entries(figures)) {
      const place = document.getElementById(`plot-${name}`);
      const moves = name === "map" && !still.matches;
      const layout = { ...layoutOf(figure.layout), ...sizeOf(place), dragmode: moves ? "pan" : false };
      if (moves) for (const axis of ["xaxis", "yaxis"]) layout[axis].fixedrange = false;
      const config = {
        responsive: true,
        displaylogo: false,
        displayModeBar: moves,
        modeBarButtons: [["zoomIn2d", "zoomOut2d", "resetScale2d"]],
        scrollZoom: moves,
        doubleClick: "reset",
      };
      Plotly.react(place, painted(figure.data), layout, config);
    }
  }

  function dress(theme) {
    root.dataset.theme = theme;
    document.getElementById("theme").textContent = theme === "dark" ? "Light" : "Dark";
    draw();
  }

  const wanted = () => chosen ?? (wish.matches ? "dark" : "light");
  document.getElementById("theme").addEventListener("click", () => {
    chosen = wanted() === "dark" ? "light" : "dark";
    dress(chosen);
  });
  wish.addEventListener("change", () => dress(wanted()));
  narrow.addEventListener("change", draw);
  still.addEventListener("change", draw);
  window.addEventListener("beforeprint", () => {
    printing = true;
    dress("light");
  });
  window.addEventListener("afterprint", () => {
    printing = false;
    dress(wanted());
  });

  // The wheel alone is the page's: Plotly sees it only with Ctrl.
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

  dress(wanted());
})();
