// Runs before the page is drawn, so that a dark desk never flashes white.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // Of the last person here: for a page without one, and for who has chosen none.
  const remembered = () => {
    try {
      return localStorage.getItem("desk-theme");
    } catch {
      return ""; // storage is forbidden: follow the system
    }
  };

  const remember = (choice) => {
    try {
      localStorage.setItem("desk-theme", choice);
    } catch {
      // the desk keeps it with the person
    }
  };

  const apply = () => {
    const choice = root.dataset.themeChoice;
    const isDark = choice === "dark" || (choice === "auto" && dark.matches);
    root.dataset.bsTheme = isDark ? "dark" : "light";
  };

  const choose = (choice) => {
    root.dataset.themeChoice = choice;
    remember(choice);
    apply();
    document.dispatchEvent(new Event("desk:theme"));
  };

  window.deskTheme = { choose };
  root.classList.remove("no-js");
  if (root.dataset.themeChoice) remember(root.dataset.themeChoice);
  else root.dataset.themeChoice = remembered() || "auto";
  apply();
  dark.addEventListener("change", () => {
    apply();
    document.dispatchEvent(new Event("desk:theme"));
  });
})();
