// Short messages in the corner: the server's are on the page, scripts and htmx add theirs.
import { all, one } from "./dom.js";

const LEVELS = { success: "green", info: "blue", warning: "orange", error: "red" };

export function toast(text, level = "info") {
  const shelf = one("#toasts");
  const pattern = one("#toast-pattern");
  if (!shelf || !pattern) return;
  const card = pattern.content.firstElementChild.cloneNode(true);
  one("[data-toast-text]", card).textContent = text;
  one("[data-toast-dot]", card).classList.add(`bg-${LEVELS[level] || "blue"}`);
  if (level === "error") card.setAttribute("role", "alert");
  shelf.append(card);
  closeInTime(card, level);
  stepAside();
}

// What has the focus is never under the shelf: it goes to the top of the window where it would be,
// and stays in its corner where the top is no better.
function stepAside() {
  const shelf = one("#toasts");
  const focused = document.activeElement;
  if (!shelf || !focused || focused === document.body || shelf.contains(focused)) return;
  shelf.classList.remove("is-at-top");
  if (shelf.childElementCount && covers(shelf, focused)) {
    shelf.classList.add("is-at-top");
    if (covers(shelf, focused)) shelf.classList.remove("is-at-top");
  }
}

function covers(shelf, focused) {
  const [here, there] = [shelf, focused].map((box) => box.getBoundingClientRect());
  const isBeside = here.right <= there.left || there.right <= here.left;
  return !isBeside && here.top < there.bottom && there.top < here.bottom;
}

// Errors and warnings stay until they are read; the rest leaves by itself.
function closeInTime(card, level) {
  one("[data-toast-close]", card)?.addEventListener("click", () => card.remove());
  if (level !== "error" && level !== "warning") setTimeout(() => card.remove(), 7000);
}

all("#toasts .toast").forEach((card) => closeInTime(card, card.dataset.level));
document.addEventListener("focusin", stepAside);
document.addEventListener("scroll", stepAside, { capture: true, passive: true });
document.addEventListener("toast", ({ detail }) => toast(detail.text, detail.level));
