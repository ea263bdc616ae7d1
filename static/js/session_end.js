// What was typed outlives the session, and a page that would leave by itself.
import { all } from "./dom.js";
import { hasTyped, writtenFields } from "./forms.js";
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

const ENDED = "Your session has ended. What you typed is kept: send it, then log in.";
const SETTLED =
  "This was settled meanwhile, so nothing can be sent from here any more." +
  " What you typed is kept: copy it, then reload.";

// What would be lost if the page went to `address`, in words; "" where nothing would.
function lossAt(address) {
  if (address.startsWith("/log-in/")) return hasTyped() ? ENDED : "";
  return address && writtenFields().length ? SETTLED : "";
}

let told = "";

// A live part would take the page elsewhere, and what is typed on it away.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const loss = lossAt(event.detail.xhr.getResponseHeader("HX-Redirect") || "");
  if (!loss) return;
  event.preventDefault();
  if (told !== loss) toast(loss, "warning");
  told = loss;
});
