// The clock of a running timer: counts on from what the server said, and stops where it is stopped by itself.
(() => {
  const LONGEST = 12 * 3600;
  const two = (number) => String(number).padStart(2, "0");

  for (const clock of document.querySelectorAll("[data-elapsed]")) {
    const begun = Date.now() - Number(clock.dataset.elapsed) * 1000;
    const show = () => {
      const seconds = Math.min(LONGEST, Math.round((Date.now() - begun) / 1000));
      clock.textContent = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    };
    show();
    setInterval(show, 1000);
  }

  document.addEventListener("shown.bs.dropdown", (event) => {
    const panel = event.target.parentElement.querySelector(".crm-timer-panel");
    if (!panel) return;
    const first = () => panel.querySelector("textarea")?.focus();
    if (panel.querySelector("form")) first();
    else panel.addEventListener("htmx:afterSettle", first, { once: true });
  });
})();
