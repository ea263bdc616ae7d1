// A button that asks before it does something; nobody else hears of a click that was taken back.
const lacksOne = (form) => [...form.elements].some((field) => field.validity?.valueMissing);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-confirm]");
  if (!button) return;
  // What the form lacks is said first: nothing is asked that could not be done.
  const form = button.type === "submit" && !button.formNoValidate && button.form;
  // With `data-confirm-filled` the desk says it, in the page.
  if ("confirmFilled" in button.dataset && lacksOne(button.form)) return;
  const isWhole = !form || form.noValidate || form.reportValidity();
  if (isWhole && window.confirm(button.dataset.confirm)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
