// Parts of a page that htmx asks for again every few seconds.
import { all, one } from "./dom.js";
import { writtenFields } from "./forms.js";

export const isPolled = (element) => /\bevery\b/.test(element.getAttribute("hx-trigger") || "");

// An open menu, what somebody is typing into. Written words too, below.
const IN_USE = [
  ".dropdown-menu.show",
  "input:not([type=checkbox]):focus",
  "textarea:focus",
  "select:focus",
  "[data-hold][open]",
].join(", ");

// A page nobody looks at asks for nothing.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && isPolled(event.detail.elt)) event.preventDefault();
});
// The refresh must not pull away what is in use, nor what was chosen from a list and left.
let chosen = [];
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { requestConfig, target } = detail;
  if (!detail.shouldSwap || !requestConfig || !isPolled(requestConfig.elt)) return;
  if (one(IN_USE, target) || writtenFields(target).length) detail.shouldSwap = false;
  else {
    const fields = all("select[id], [type=checkbox][id]", target);
    chosen = fields.map(({ id, value, checked }) => ({ id, value, checked }));
  }
});
document.addEventListener("htmx:afterSwap", () => {
  chosen.forEach(({ id, value, checked }) => {
    const field = document.getElementById(id);
    if (field?.type === "checkbox") field.checked = checked;
    else if (field && [...field.options].some((option) => option.value === value)) field.value = value;
  });
  chosen = [];
});

// A part says what it shows; where that is what it would get, the answer is 204 and draws nothing
// (core/web/live_parts.py). It no longer knows once something else is drawn into it.
const SHOWN = "Desk-Shown";
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (isPolled(detail.elt)) detail.headers[SHOWN] = detail.elt.dataset.shown || "none";
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.shouldSwap) detail.target.closest("[data-shown]")?.removeAttribute("data-shown");
});
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const { requestConfig, xhr } = detail;
  const shown = requestConfig && isPolled(requestConfig.elt) && xhr.getResponseHeader(SHOWN);
  const part = shown && document.getElementById(requestConfig.elt.id);
  if (part) part.dataset.shown = shown;
});

// What somebody has opened stays open when its page is drawn anew.
let opened = [];
document.addEventListener("htmx:beforeSwap", () => {
  opened = all("details[id][open]").map(({ id }) => id);
});
document.addEventListener("htmx:afterSwap", () => {
  opened.forEach((id) => { const part = document.getElementById(id); if (part) part.open = true; });
});
