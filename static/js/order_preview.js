// The cost beside an order form, while it is of other values than the form holds.
import { one } from "./dom.js";
import { hasTyped } from "./forms.js";

// The next answer takes the note away.
function markOutdated(preview) {
  if (preview.classList.contains("is-outdated")) return;
  preview.classList.add("is-outdated");
  const note = document.createElement("div");
  note.className = "card-body text-warning fw-medium";
  note.textContent =
    "This was said before your last change, and could not be asked again. What you typed is still there.";
  preview.prepend(note);
}

document.addEventListener("desk:request-failed", (event) => {
  if (event.target.id !== "order-preview") return;
  event.preventDefault();
  markOutdated(event.target);
});

// What was typed while the session had ended was asked of nobody. After the form has its new token.
document.addEventListener("desk:logged-in", () => {
  setTimeout(() => one("#order-preview")?.dispatchEvent(new Event("input")));
});

// The browser fills a form in again after its page was drawn, when somebody goes back to it.
window.addEventListener("pageshow", () => {
  const preview = one("#order-preview");
  if (preview && hasTyped()) preview.dispatchEvent(new Event("input"));
});
