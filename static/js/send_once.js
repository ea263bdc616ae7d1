// A form is sent once, however often its button is pressed.
import { all } from "./dom.js";
import { isPost, isSentByHtmx } from "./forms.js";

const submitters = (form) =>
  all("button, input[type=submit]", form).filter((b) => b.type === "submit" && !b.disabled);

function close(form) {
  form.dataset.sent = "yes";
  form.setAttribute("aria-busy", "true");
  // After the browser has collected the fields: a disabled button would not be among them.
  setTimeout(() => {
    if (!form.dataset.sent) return;
    submitters(form).forEach((button) => {
      button.disabled = true;
      button.dataset.wasOpen = "yes";
      if (!form.hasAttribute("data-quiet")) button.classList.add("btn-loading");
    });
  });
}

function open(form) {
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
  all("[data-was-open]", form).forEach((button) => {
    button.disabled = false;
    button.classList.remove("btn-loading");
    delete button.dataset.wasOpen;
  });
}

function closeOrRefuse(event, form) {
  if (form.dataset.sent) event.preventDefault();
  else close(form);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (isPost(form) && !isSentByHtmx(form)) closeOrRefuse(event, form);
});
document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt;
  if (isPost(form) && isSentByHtmx(form)) closeOrRefuse(event, form);
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (isPost(detail.elt)) open(detail.elt);
});
// Back in the browser's history the page may come from memory, with its form still closed.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) all("form[data-sent]").forEach(open);
});
