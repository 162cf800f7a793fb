"use strict";
(() => {
  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const wish = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 34rem)");
  let chosen = null;

  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  function layoutOf(layout) {
    const ink = colour("--ink"), line = colour("--line"), card = colour("--card");
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, fixedrange: true, automargin: true };
    const themed = {
      ...layout,
      autosize: true,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: narrow.matches ? 11 : 13, color: ink },
      margin: { l: 8, r: 8, t: 28, b: 8 },
      hoverlabel: { bgcolor: card, bordercolor: line, font: { color: ink }, align: "left" },
    };
    for (const name of ["xaxis", "yaxis", "yaxis2"]) {
      if (layout[name]) themed[name] = { ...axis, ...layout[name] };
    }
    if (layout.annotations) themed.annotations = layout.annotations.map((own) => ({ ...own, font: { color: ink } }));
    return themed;
  }

  function draw() {
    for (const [name, figure] of Object.entries(figures)) {
      const isMap = name === "map";
      const layout = layoutOf(figure.layout);
      layout.dragmode = isMap && !narrow.matches ? "pan" : false;
      if (isMap) for (const axis of ["xaxis", "yaxis"]) layout[axis].fixedrange = narrow.matches;
      const config = { responsive: true, displayModeBar: false, displaylogo: false, scrollZoom: isMap && !narrow.matches };
      Plotly.react(document.getElementById(`plot-${name}`), figure.data, layout, config);
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
  window.addEventListener("beforeprint", () => dress("light"));
  window.addEventListener("afterprint", () => dress(wanted()));

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
