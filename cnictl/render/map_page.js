"use strict";
const search = document.querySelector("input");
const count = document.querySelector(".count");
const aside = document.querySelector("aside");
const tiles = [...document.querySelectorAll(".tile")];
const sections = [...document.querySelectorAll("section")];
const hint = aside.firstElementChild;

function narrow() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = new Set();
  for (const tile of tiles) {
    tile.hidden = !words.every((word) => tile.dataset.words.includes(word));
    if (!tile.hidden) shown.add(tile.dataset.number);
  }
  for (const section of sections) {
    section.hidden = words.length > 0 && !section.querySelector(".tile:not([hidden])");
  }
  const all = new Set(tiles.map((tile) => tile.dataset.number)).size;
  count.textContent = words.length ? `${shown.size} of ${all}` : "";
}

function show(tile) {
  for (const other of tiles) other.classList.toggle("same", other.dataset.number === tile.dataset.number);
  aside.replaceChildren(...tile.querySelector(".more").cloneNode(true).childNodes);
  aside.scrollTop = 0;
}

function forget() {
  for (const tile of tiles) tile.classList.remove("same");
  aside.replaceChildren(hint);
}

search.addEventListener("input", narrow);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape") {
    search.value = "";
    narrow();
    forget();
  }
});
for (const kind of ["mouseover", "focusin", "click"]) {
  document.querySelector("main").addEventListener(kind, (event) => {
    const tile = event.target.closest(".tile");
    if (tile) show(tile);
  });
}
narrow();
