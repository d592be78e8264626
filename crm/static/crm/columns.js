// Choosing columns: those shown are put in order by dragging their grip or with the arrow keys on it, and go as one parameter.
(() => {
  const arrange = (list) => {
    new Sortable(list, { handle: "[data-grip]", animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150 });
    list.addEventListener("keydown", (event) => {
      const step = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
      const grip = event.target.closest("[data-grip]");
      if (!grip || !step) return;
      event.preventDefault();
      const row = grip.closest("li");
      if (step < 0) row.previousElementSibling?.before(row);
      else row.nextElementSibling?.after(row);
      grip.focus();
      crm.say(crm.text("placed", row.dataset.name, [...list.children].indexOf(row) + 1, list.children.length));
    });
  };
  document.addEventListener("htmx:load", (event) => event.detail.elt.querySelectorAll("[data-arrange]").forEach(arrange));

  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-narrow]")) return;
    const words = event.target.value.trim().toLowerCase();
    for (const each of document.querySelectorAll(event.target.dataset.narrow)) each.hidden = !each.textContent.toLowerCase().includes(words);
  });
  document.addEventListener("submit", (event) => {
    const name = event.target.dataset.join;
    if (!name) return;
    const boxes = [...event.target.querySelectorAll(`[name="${name}"]:checked:enabled`)];
    const all = Object.assign(document.createElement("input"), { type: "hidden", name, value: boxes.map((box) => box.value).join(",") });
    boxes.forEach((box) => { box.disabled = true; });
    event.target.append(all);
    setTimeout(() => { all.remove(); boxes.forEach((box) => { box.disabled = false; }); });
  });
})();
