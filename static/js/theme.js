// Runs before the page is drawn, so that a dark desk never flashes white.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const chosen = () => {
    try {
      return localStorage.getItem("desk-theme") || "auto";
    } catch {
      return "auto"; // storage is forbidden: follow the system
    }
  };

  const apply = () => {
    const choice = chosen();
    const isDark = choice === "dark" || (choice === "auto" && dark.matches);
    root.dataset.bsTheme = isDark ? "dark" : "light";
    root.dataset.themeChoice = choice;
  };

  window.deskTheme = {
    choose(choice) {
      try {
        localStorage.setItem("desk-theme", choice);
      } catch {
        // not remembered, still applied below
      }
      apply();
      root.dataset.themeChoice = choice;
      document.dispatchEvent(new Event("desk:theme"));
    },
    chosen,
  };

  root.classList.remove("no-js");
  apply();
  dark.addEventListener("change", () => {
    apply();
    document.dispatchEvent(new Event("desk:theme"));
  });
})();
