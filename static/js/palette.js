// Ctrl+K: words find orders, services, pages and steps; arrows choose, Enter goes there.
import { openAnswer } from "./answered_words.js";
import { all, one } from "./dom.js";
import { keyOf } from "./keyboard_shortcuts.js";

const palette = one("#palette");
const words = palette && one(".palette-words", palette);
const KEPT = 8;

const lines = () => all(".palette-line", palette);
const chosen = () => one(".palette-line[aria-selected=true]", palette);

function choose(line) {
  lines().forEach((one) => one.setAttribute("aria-selected", String(one === line)));
  words.setAttribute("aria-activedescendant", line ? line.id : "");
  line?.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const every = lines();
  const next = every.indexOf(chosen()) + by;
  choose(every[(next + every.length) % every.length]);
}

const ask = () => words.dispatchEvent(new Event("desk:asked"));

export function openPalette() {
  if (!palette || palette.open) return;
  words.value = "";
  palette.showModal();
  ask();
}

// The pages somebody was on, in this browser only; logging out forgets them.
const store = palette && `desk-recent-${palette.dataset.person}`;

function recent() {
  try {
    return JSON.parse(localStorage.getItem(store)) || [];
  } catch {
    return []; // kept by another version, or not allowed to keep anything
  }
}

// What tells this page from others of its title: the service that is ordered, or what narrows the list.
const aboutPage = () =>
  all("[data-about]").map((part) => part.textContent.trim().replace(/\s+/g, " ")).join(" · ");

function remember() {
  const here = { title: one("h1")?.textContent.trim(), about: aboutPage(), path: location.pathname + location.search };
  if (!here.title || location.pathname === "/") return;
  const isOther = (kept) => kept.title !== here.title || (kept.about ?? "") !== here.about;
  const kept = [here, ...recent().filter(isOther)].slice(0, KEPT);
  try {
    localStorage.setItem(store, JSON.stringify(kept));
  } catch { /* a browser that keeps nothing */ }
}

function part(name, text) {
  const words = document.createElement("bdi");
  words.className = `palette-${name}`;
  words.textContent = text;
  return words;
}

function showRecent() {
  const kept = recent().filter(({ path }) => path !== location.pathname + location.search);
  if (!kept.length) return;
  const group = document.createElement("div");
  group.className = "palette-group";
  group.innerHTML = '<div class="palette-title">Recent</div>';
  kept.forEach(({ title, about, path }, number) => {
    const line = document.createElement("a");
    Object.assign(line, { className: "palette-line", href: path, id: `palette-recent-${number}`, tabIndex: -1 });
    line.setAttribute("role", "option");
    line.append(part("name", title), part("about", about || ""));
    group.append(line);
  });
  one("#palette-found").prepend(group);
}

if (palette) {
  remember();
  palette.addEventListener("click", ({ target }) => { if (target === palette) palette.close(); });
  palette.addEventListener("htmx:afterSwap", () => {
    if (!words.value.trim()) showRecent();
    choose(lines()[0]);
  });
  openAnswer({ words, found: "palette-found", ask, open: () => chosen()?.click() });
  words.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (keyOf(event) !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    event.preventDefault();
    openPalette();
  });
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("[data-palette]")) openPalette();
  });
  document.addEventListener("submit", ({ target }) => {
    if (target.matches("[action='/log-out/']")) localStorage.removeItem(store);
  });
}
