"use strict";
(() => {
  const root = document.documentElement;
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  // On a touch screen a finger on the map must scroll the page.
  const fixedMap = window.matchMedia("(max-width: 34rem), (pointer: coarse)");
  let chosen = null;

  function applyTheme(theme) {
    root.dataset.theme = theme;
    document.getElementById("theme").textContent = theme === "dark" ? "Light" : "Dark";
  }

  const currentTheme = () => chosen ?? (prefersDark.matches ? "dark" : "light");
  document.getElementById("theme").addEventListener("click", () => {
    chosen = currentTheme() === "dark" ? "light" : "dark";
    applyTheme(chosen);
  });
  prefersDark.addEventListener("change", () => applyTheme(currentTheme()));
  window.addEventListener("beforeprint", () => applyTheme("light"));
  window.addEventListener("afterprint", () => applyTheme(currentTheme()));

  /** Show the texts of an element beside the pointer; nothing for an element without texts. */
  const tip = document.getElementById("tip");
  function showTip(event) {
    const place = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
    tip.replaceChildren();
    if (!place) return;
    if (place.dataset.id) tip.appendChild(document.createElement("b")).textContent = place.dataset.id;
    tip.appendChild(document.createElement("span")).textContent = place.dataset.tip;
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, window.innerWidth - width - 8);
    const below = event.clientY + 18 + height < window.innerHeight;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${below ? event.clientY + 18 : Math.max(8, event.clientY - height - 12)}px`;
  }
  for (const name of ["pointermove", "pointerdown"]) document.addEventListener(name, showTip);
  document.addEventListener("scroll", () => tip.replaceChildren(), { passive: true });

  const map = document.querySelector(".map");
  if (map) {
    const plane = map.querySelector(".plane");
    let zoom = 1, left = 0, top = 0, held = null;

    // The points are placed in percent of the plane, and keep their size.
    function place() {
      for (const [name, value] of [["x", left], ["y", top], ["width", zoom], ["height", zoom]]) {
        plane.setAttribute(name, `${100 * value}%`);
      }
    }

    /** Zoom, and keep a place of the map where it is; its coordinates are from 0 to 1. */
    function zoomAt(factor, x, y) {
      const before = zoom;
      zoom = Math.min(60, Math.max(0.5, zoom * factor));
      left = x - (x - left) * (zoom / before);
      top = y - (y - top) * (zoom / before);
      place();
    }

    function reset() {
      [zoom, left, top] = [1, 0, 0];
      place();
    }

    const size = () => map.getBoundingClientRect();
    const setMovable = () => {
      map.classList.toggle("movable", !fixedMap.matches);
      reset();
    };
    fixedMap.addEventListener("change", setMovable);
    setMovable();
    for (const button of document.querySelectorAll("[data-zoom]")) {
      const factor = Number(button.dataset.zoom);
      button.addEventListener("click", () => (factor ? zoomAt(factor, 0.5, 0.5) : reset()));
    }
    // The wheel alone scrolls the page.
    map.addEventListener("wheel", (event) => {
      if (!event.ctrlKey || fixedMap.matches) return;
      event.preventDefault();
      const box = size();
      const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      zoomAt(Math.exp(-event.deltaY / 300), x, y);
    }, { passive: false });
    map.addEventListener("pointerdown", (event) => {
      if (fixedMap.matches || event.button) return;
      held = [event.clientX, event.clientY];
      map.setPointerCapture(event.pointerId);
    });
    map.addEventListener("pointermove", (event) => {
      if (!held) return;
      const box = size();
      left += (event.clientX - held[0]) / box.width;
      top += (event.clientY - held[1]) / box.height;
      held = [event.clientX, event.clientY];
      place();
    });
    for (const name of ["pointerup", "pointercancel"]) map.addEventListener(name, () => { held = null; });
    map.addEventListener("dblclick", () => fixedMap.matches || reset());
  }

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
