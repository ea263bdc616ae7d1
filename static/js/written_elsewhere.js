// Sending one form leaves the page: it asks first where words written into another one would be lost.
import { isPost, isSentByHtmx, writtenFields } from "./forms.js";

const WORDS = "You wrote something elsewhere on this page that is not saved. It is lost if you go on.";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!isPost(form) || isSentByHtmx(form)) return;
  if (!writtenFields().some((field) => field.form !== form) || window.confirm(WORDS)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
