// Ticks in lists: with shift a range, all of the page, all that match; and the bar that appears with the first.
(() => {
  const ticks = (scope) => [...scope.querySelectorAll("[data-check]")];
  const scopeOf = (element) => element.closest("[data-list]") || document;
  const placeKey = `ticks:${location.pathname}${location.search}`;
  let last = null;

  const show = (scope) => {
    const bar = scope.querySelector("[data-bulk-bar]");
    const boxes = ticks(scope);
    const chosen = boxes.filter((each) => each.checked);
    const whole = chosen.length > 0 && chosen.length === boxes.length;
    for (const each of boxes) each.closest("tr")?.classList.toggle("is-selected", each.checked);
    const head = scope.querySelector("[data-check-all]");
    if (head) {
      head.checked = whole;
      head.indeterminate = chosen.length > 0 && !whole;
    }
    if (!bar) return;
    const everybody = bar.querySelector("[data-all-matching]");
    if (everybody && !whole) everybody.disabled = true;
    const matching = everybody && !everybody.disabled;
    bar.hidden = chosen.length === 0;
    const total = scope.querySelector("[data-total]")?.textContent.trim();
    bar.querySelector("[data-bulk-count]").textContent = matching ? crm.text("all_match", total) : crm.text("selected", chosen.length);
    for (const each of bar.querySelectorAll("[data-needs]")) each.hidden = matching || Number(each.dataset.needs) !== chosen.length;
    const page = bar.querySelector("[data-choose-page]");
    if (page) page.hidden = whole;
    const more = bar.querySelector("[data-choose-all]");
    if (more) more.hidden = matching || !whole;
  };

  const tick = (boxes, checked) => boxes.forEach((each) => { each.checked = checked; });

  document.addEventListener("click", (event) => {
    const scope = scopeOf(event.target);
    const box = event.target.closest("[data-check]");
    if (box) {
      const boxes = ticks(scope);
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      if (event.shiftKey && from >= 0) tick(boxes.slice(from, to + 1), box.checked);
      last = box;
      show(scope);
    } else if (event.target.closest("[data-choose-all]")) {
      scope.querySelector("[data-all-matching]").disabled = false;
      show(scope);
    } else if (event.target.closest("[data-choose-page]")) {
      tick(ticks(scope), true);
      show(scope);
    } else if (event.target.closest("[data-choose-none]")) {
      tick(ticks(scope), false);
      show(scope);
      scope.querySelector("[data-check-all]")?.focus();
    }
  });

  document.addEventListener("change", (event) => {
    const scope = scopeOf(event.target);
    if (event.target.matches("[data-check-all]")) tick(ticks(scope), event.target.checked);
    if (event.target.matches("[data-check], [data-check-all]")) show(scope);
  });

  // how many match is told after the page
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.closest("[data-total]")) show(scopeOf(event.target));
  });

  // all that match are named by their filters, not by the ticks that happen to be seen
  document.addEventListener("formdata", (event) => {
    if (event.formData.has("all")) event.formData.delete("ids");
    if (event.target.matches("[data-bulk-bar]")) sessionStorage.setItem(placeKey, window.scrollY);
  });

  // a second click while the answer is on its way would give each client a second task
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-once]");
    if (form?.dataset.sent) event.preventDefault();
    if (form) form.dataset.sent = "yes";
  });

  // a page that the browser brings back has its ticks, and one that a change leads back to its place
  addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
    document.querySelectorAll("[data-list]").forEach(show);
    const place = sessionStorage.getItem(placeKey);
    sessionStorage.removeItem(placeKey);
    if (place && document.querySelector("[data-bulk-done], .alert")) window.scrollTo(0, Number(place));
  });
})();
