// What was typed outlives the session.
import { all } from "./dom.js";
import { hasTyped } from "./forms.js";
import { toast } from "./toasts.js";

// Whoever logged in again in another tab presses the same button again, with nothing retyped.
function renewToken(token) {
  all("input[name=csrfmiddlewaretoken]").forEach((input) => { input.value = token; });
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
}

document.addEventListener("desk:refused", ({ detail }) => {
  if (detail.token) renewToken(detail.token);
  toast(detail.text, "error");
});

let isTold = false;

// A live part would take the page to the log-in, and what is typed on it away.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const address = event.detail.xhr.getResponseHeader("HX-Redirect") || "";
  if (!address.startsWith("/log-in/") || !hasTyped()) return;
  event.preventDefault();
  if (!isTold) toast("Your session has ended. What you typed is kept: send it, then log in.", "warning");
  isTold = true;
});
