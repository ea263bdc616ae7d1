// A button that asks before it does something; nobody else hears of a click that was taken back.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-confirm]");
  if (!button || window.confirm(button.dataset.confirm)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
