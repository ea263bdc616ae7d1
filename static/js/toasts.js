// Short messages in the corner: the server's are on the page, scripts and htmx add theirs.
import { all, one } from "./dom.js";

const CONTROLS = "button, .btn, input, select, textarea";
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
  settle();
}

// The end of the window at which fewer buttons and fields are under the shelf: its corner, unless
// the top is better. What is scrolled by does not move it.
let isBetterAtTop = false;

function settle() {
  const shelf = one("#toasts");
  if (!shelf?.childElementCount) return;
  const controls = all(CONTROLS).filter((control) => !shelf.contains(control));
  const [corner, top] = [false, true].map((isAtTop) => {
    shelf.classList.toggle("is-at-top", isAtTop);
    return controls.filter((control) => covers(shelf, control)).length;
  });
  isBetterAtTop = top < corner;
  shelf.classList.toggle("is-at-top", isBetterAtTop);
  stepAside();
}

// What has the focus is never under the shelf: it goes to the other end of the window where it would
// be, and stays where that is no better.
function stepAside() {
  const shelf = one("#toasts");
  const focused = document.activeElement;
  if (!shelf || !focused || focused === document.body || shelf.contains(focused)) return;
  shelf.classList.toggle("is-at-top", isBetterAtTop);
  if (shelf.childElementCount && covers(shelf, focused)) {
    shelf.classList.toggle("is-at-top", !isBetterAtTop);
    if (covers(shelf, focused)) shelf.classList.toggle("is-at-top", isBetterAtTop);
  }
}

function covers(shelf, focused) {
  const [here, there] = [shelf, focused].map((box) => box.getBoundingClientRect());
  const isBeside = here.right <= there.left || there.right <= here.left;
  const isDrawn = there.width > 0 && there.height > 0;
  return isDrawn && !isBeside && here.top < there.bottom && there.top < here.bottom;
}

// Errors and warnings stay until they are read; the rest leaves by itself, as late as its words take.
const LEAST_MS = 7000;
const MS_A_LETTER = 80;

function closeInTime(card, level) {
  one("[data-toast-close]", card)?.addEventListener("click", () => close(card));
  if (level === "error" || level === "warning") return;
  leave(card, Math.max(LEAST_MS, MS_A_LETTER * card.textContent.trim().length));
}

// Not while somebody points at it or stands in it, nor in a window that nobody looks at.
function leave(card, ms) {
  const isInUse = () => document.hidden || card.matches(":hover, :focus-within");
  setTimeout(() => (isInUse() ? leave(card, LEAST_MS) : card.remove()), ms);
}

// Keys go on at the next one, or where they were before.
let cameFrom = null;

function close(card) {
  const isByKeys = card.contains(document.activeElement);
  const next = card.nextElementSibling || card.previousElementSibling;
  card.remove();
  if (isByKeys) (next ? one("[data-toast-close]", next) : cameFrom?.isConnected ? cameFrom : one("main"))?.focus();
}

document.addEventListener("focusin", ({ target }) => { if (!target.closest("#toasts")) cameFrom = target; });

all("#toasts .toast").forEach((card) => closeInTime(card, card.dataset.level));
settle();
document.addEventListener("htmx:afterSettle", settle); // it may have brought a button
document.addEventListener("focusin", stepAside);
document.addEventListener("scroll", stepAside, { capture: true, passive: true });
document.addEventListener("toast", ({ detail }) => toast(detail.text, detail.level));
