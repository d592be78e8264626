// Lists: tick boxes with "select all", the bar that appears with a choice, filters that leave blanks out of the address.
(() => {
  const ticks = (scope) => [...scope.querySelectorAll("[data-check]")];

  document.addEventListener("change", (event) => {
    const box = event.target;
    const scope = box.closest("[data-list]") || document;
    if (box.matches("[data-check-all]")) ticks(scope).forEach((each) => { each.checked = box.checked; });
    if (box.matches("[data-check], [data-check-all]")) {
      const chosen = ticks(scope).filter((each) => each.checked);
      for (const each of ticks(scope)) each.closest("tr")?.classList.toggle("is-selected", each.checked);
      const all = scope.querySelector("[data-check-all]");
      if (all) {
        all.checked = chosen.length > 0 && chosen.length === ticks(scope).length;
        all.indeterminate = chosen.length > 0 && !all.checked;
      }
      const bar = scope.querySelector("[data-bulk-bar]");
      if (bar) {
        bar.hidden = chosen.length === 0;
        bar.querySelector("[data-bulk-count]").textContent = crm.text("selected", chosen.length);
        for (const each of bar.querySelectorAll("[data-needs]")) each.hidden = Number(each.dataset.needs) !== chosen.length;
        for (const each of bar.querySelectorAll("[data-needs-not]")) each.hidden = Number(each.dataset.needsNot) === chosen.length;
      }
    }
    if (box.matches("[data-submit-on-change]")) box.form.requestSubmit();
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-skip-blank]")) return;
    const blank = [...event.target.elements].filter((field) => field.name && field.value === "" && !field.disabled);
    blank.forEach((field) => { field.disabled = true; });
    setTimeout(() => blank.forEach((field) => { field.disabled = false; }));
  });
})();

// What a list shows is remembered for the next time it is opened; links to a view are copied.
(() => {
  const list = document.querySelector("[data-remember]");
  if (list) crm.post(list.dataset.remember, { state: list.dataset.state }).catch(() => {});
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-copy]");
    if (!link || !navigator.clipboard) return;
    event.preventDefault();
    await navigator.clipboard.writeText(link.href);
    crm.toast(crm.text("copied"));
  });
})();
