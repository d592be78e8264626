// Rows put in order by dragging their grip, or with the arrow keys on it; saved at once, put back when refused.
(() => {
  const body = document.querySelector("[data-order-url]");
  if (!body) return;
  const rows = () => [...body.children];
  let before = rows();

  const save = async (row) => {
    if (rows().every((each, at) => each === before[at])) return;
    try {
      await crm.post(body.dataset.orderUrl, { ids: rows().map((each) => Number(each.dataset.id)) });
      before = rows();
      crm.say(crm.text("placed", row.dataset.name, before.indexOf(row) + 1, before.length));
    } catch (error) {
      body.replaceChildren(...before);
      crm.toast(error.message, true);
    }
  };

  new Sortable(body, {
    handle: "[data-grip]",
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
    onEnd: (event) => save(event.item),
  });
  body.addEventListener("keydown", (event) => {
    if (!event.target.closest("[data-grip]") || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const row = event.target.closest("tr");
    if (event.key === "ArrowUp") row.previousElementSibling?.before(row);
    else row.nextElementSibling?.after(row);
    event.target.closest("[data-grip]").focus();
    save(row);
  });
})();
