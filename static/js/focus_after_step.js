// After a step by keys its page is drawn anew: the keys go on where the step was taken. That is its form, what
// is around its button or the heading of its card, and never the button: one Enter too many does nothing.
import { all, one } from "./dom.js";
import { isSentByHtmx } from "./forms.js";

const STEP = "desk-step"; // of this tab: where the last one was taken
const pathOf = (address) => new URL(address, location).pathname;
const actionOf = (form) => pathOf(form.getAttribute("action") || location);
const sentTo = (button, form) => button?.hasAttribute("formaction") ? pathOf(button.formAction) : actionOf(form);
const isDrawn = (element) => element.getClientRects().length > 0 && element.offsetHeight > 0;
const wordsOf = (element) => element?.textContent.replace(/\s+/g, " ").trim() || "";

const step = JSON.parse(sessionStorage.getItem(STEP) || "null");
sessionStorage.removeItem(STEP);
// What came back with a mistake has the address of the step, and leads back to the page where that began.
const page = step?.action === location.pathname ? step.page : location.pathname;

let isByKeys = false;
document.addEventListener("keydown", () => { isByKeys = true; }, true);
document.addEventListener("pointerdown", () => { isByKeys = false; }, true);

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  sessionStorage.removeItem(STEP);
  if (!isByKeys || event.defaultPrevented || isSentByHtmx(form)) return;
  const from = submitter?.closest("main") ? submitter : form;
  if (!from.closest("main")) return;
  sessionStorage.setItem(STEP, JSON.stringify({
    page,
    action: sentTo(submitter, form),
    heading: wordsOf(one(".card-title", from.closest(".card") || form)),
    part: from.closest("main [id]:not(form, button, input)")?.id,
  }));
});

function placeOf({ page: from, action, heading, part }) {
  if (![from, action].includes(location.pathname)) return null; // it led elsewhere: that page begins at its top
  return all("main form").find((form) => actionOf(form) === action && isDrawn(form))
    || all("main button").find((b) => b.form && isDrawn(b) && sentTo(b, b.form) === action)?.parentElement
    || (heading && all("main .card-title").find((title) => wordsOf(title) === heading))
    || document.getElementById(part || "")
    || one("main h1");
}

let held = null;
// Where a page begins with a field of its own, the browser gives that the keys only after the scripts have run.
const isFree = [null, document.body].includes(document.activeElement) && !one("[autofocus]");
if (step && !location.hash && isFree) {
  held = placeOf(step);
  if (held) held.tabIndex = -1;
  held?.focus();
}
// A live part is drawn as the desk has it, without that mark.
let isHeld = false;
document.addEventListener("htmx:beforeSwap", () => { isHeld = Boolean(held) && held === document.activeElement; });
document.addEventListener("htmx:afterSwap", () => {
  if (!isHeld || !held.isConnected) return;
  held.tabIndex = -1;
  held.focus({ preventScroll: true });
});
