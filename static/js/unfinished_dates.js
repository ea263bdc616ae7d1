// A date that is only half written goes to the desk as none at all: an order for next week would
// leave at once. Nothing is sent before it is whole or empty.
import { all, one } from "./dom.js";
import { clearError, showError } from "./field_errors.js";

const isHalf = (field) => Boolean(field.validity?.badInput);
const errorId = (field) => `${field.id}_half`;
const wasHalf = (field) => one(`#${CSS.escape(errorId(field))}`);

function refuse(field) {
  showError(field, errorId(field), "This is not complete. Write the rest of it, or empty the field.");
  field.focus();
}

all("form[data-scripted]").forEach((form) => { form.noValidate = true; });
document.addEventListener("submit", (event) => {
  const fields = [...event.target.elements];
  fields.filter((field) => wasHalf(field) && !isHalf(field)).forEach(clearError);
  const half = fields.filter(isHalf);
  if (!half.length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  half.reverse().forEach(refuse); // the first one last: it keeps the focus
}, true);
