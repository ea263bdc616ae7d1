// The session has ended: a dialog asks to log in over the page, which stays as it is.
import { setStale } from "./connection.js";
import { all, one } from "./dom.js";
import { writtenFields } from "./forms.js";
import { isPolled } from "./live_parts.js";
import { toast } from "./toasts.js";

const dialog = one("#log-in-again");
const { person } = document.body.dataset;
const form = () => one("#log-in-again form");

// Whoever logged in again presses the same button again, with nothing retyped.
function renewToken(token) {
  all("input[name=csrfmiddlewaretoken]").forEach((input) => { input.value = token; });
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token, "Desk-Person": person }));
}

// Whoever closed it, to copy something, is asked again when they do something, not by a live part.
let wasClosed = false;

function askToLogIn(isAskedFor) {
  if (dialog.open || (wasClosed && !isAskedFor)) return;
  dialog.showModal();
  dialog.dispatchEvent(new Event("desk:session-ended"));
}

dialog?.addEventListener("click", ({ target }) => { if (target.closest("[data-close]")) dialog.close(); });
dialog?.addEventListener("close", () => { wasClosed = true; });

document.addEventListener("desk:logged-in", ({ detail }) => {
  if (detail.person !== person) return window.location.reload();
  renewToken(detail.token);
  dialog.close();
  one("#log-in-again-form").replaceChildren(); // with the password in it
  wasClosed = false;
  toast("You are logged in again. What was not done is not lost: press the button again.", "success");
});

// Logged in again in another tab: a live part gets its answer.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!dialog?.open || !detail.successful || dialog.contains(detail.elt)) return;
  if (!detail.xhr.getResponseHeader("HX-Redirect")) dialog.close();
});

// With the token of another tab's log-in, which may be of somebody else: the page's own forms get none.
function logInWith(token) {
  one("[name=csrfmiddlewaretoken]", form()).value = token;
  setTimeout(() => form()?.requestSubmit());
}

document.addEventListener("desk:refused", ({ target, detail }) => {
  if (detail.address && dialog) return askToLogIn(true);
  if (dialog?.contains(target)) return logInWith(detail.token);
  if (detail.token) renewToken(detail.token);
  toast(detail.text, "error");
});

const FAILED = { 429: "Too many tries. Wait a quarter of an hour, or ask an admin for a new password." };

dialog?.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { status } = detail.xhr;
  if (detail.successful || status === 422 || status === 403) return;
  const words = one("[data-failed]", dialog);
  words.textContent = FAILED[status] || "No answer came. Try it again.";
  words.hidden = false;
});

const SETTLED =
  "This was settled meanwhile, so nothing can be sent from here any more." +
  " What you typed is kept: copy it, then reload.";

let isTold = false;

// A live part would take the page elsewhere, and what is typed on it away.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { elt, xhr } = event.detail;
  const address = xhr.getResponseHeader("HX-Redirect") || "";
  const isLogIn = address.startsWith("/log-in/");
  if (!(isLogIn ? dialog : address && writtenFields().length)) return;
  event.preventDefault();
  if (isPolled(elt)) setStale(elt.id, true); // whatever is closed over it
  if (isLogIn) askToLogIn(!isPolled(elt));
  else if (!isTold) toast(SETTLED, "warning");
  isTold ||= !isLogIn;
});
