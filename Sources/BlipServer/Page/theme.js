// Runs before anything is drawn, so that a page chosen dark never flashes white. Storage may be forbidden.
(() => {
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (error) {
    console.info("the theme is not remembered:", error.message);
  }
})();
