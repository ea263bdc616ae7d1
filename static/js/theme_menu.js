// The menu that chooses light, dark, or what the system has; theme.js applies it.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-set]");
  if (button) window.deskTheme.choose(button.dataset.themeSet);
});
