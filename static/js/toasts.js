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
}

// Errors and warnings stay until they are read; the rest leaves by itself.
function closeInTime(card, level) {
  one("[data-toast-close]", card)?.addEventListener("click", () => card.remove());
  if (level !== "error" && level !== "warning") setTimeout(() => card.remove(), 7000);
}

all("#toasts .toast").forEach((card) => closeInTime(card, card.dataset.level));
document.addEventListener("toast", ({ detail }) => toast(detail.text, detail.level));
