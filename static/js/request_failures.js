// What a person is told when htmx got no good answer.
import { sayRefused, setConnectionLost, setStale } from "./connection.js";
import { isPolled } from "./live_parts.js";
import { toast } from "./toasts.js";

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { successful, elt, xhr } = detail;
  if (successful) {
    setConnectionLost(false);
    setStale(elt.id, false);
  } else if (xhr.status < 400) return; // broken off by us, said by one of the two below or by session_end.js
  else if (!isPolled(elt)) tell(xhr, elt);
  else if (xhr.status >= 500) setConnectionLost(true);
  else sayRefused(elt.id);
});
["htmx:sendError", "htmx:timeout"].forEach((name) => {
  document.addEventListener(name, ({ detail }) => {
    if (isPolled(detail.elt)) setConnectionLost(true);
    else tell(detail.xhr, detail.elt);
  });
});

// A part that shows by itself that its answer failed cancels "desk:request-failed".
const showsItself = (element) =>
  !element.dispatchEvent(new CustomEvent("desk:request-failed", { bubbles: true, cancelable: true }));

function tell(xhr, element) {
  const isShown = showsItself(element);
  if (xhr.status === 422) return; // the form says what is wrong
  if ((xhr.getResponseHeader("HX-Trigger") || "").includes("desk:refused")) return; // see session_end.js
  if (xhr.status === 403) toast("You may not do that, or you logged in or out since this page was drawn.", "error");
  else if (xhr.status === 404) toast("That is no longer there. Reload the page.", "error");
  else if (xhr.status === 429) toast("Too many requests. Wait a moment.", "warning");
  else if (!isShown) toast("No answer came. Reload the page to see what became of it.", "error");
}
