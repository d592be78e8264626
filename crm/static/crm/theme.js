// Runs before the first paint: data-bs-theme from the user's choice, or from the system where it is "auto".
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  window.applyTheme = (choice) => {
    root.dataset.theme = choice;
    root.dataset.bsTheme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
  };
  window.applyTheme(root.dataset.theme);
  system.addEventListener("change", () => window.applyTheme(root.dataset.theme));
})();
