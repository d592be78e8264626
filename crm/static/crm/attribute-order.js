// Attributes put in order within their groups and across them, and groups among each other: by dragging a grip, or with
// the arrow keys on it. Saved at once; what is refused is put back.
for (const table of document.querySelectorAll("[data-arrange-url]")) {
  const groups = () => [...table.tBodies];
  const rows = (group) => [...group.querySelectorAll(":scope > tr[data-id]")];
  const state = () => groups().map((group) => [group, [...group.children]]);
  const told = () => groups().map((group) => ({ name: group.dataset.group, ids: rows(group).map((row) => Number(row.dataset.id)) }));
  const animation = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150;
  let before = state();
  let saved = JSON.stringify(told());

  const save = async (name) => {
    if (JSON.stringify(told()) === saved) return;
    try {
      await crm.post(table.dataset.arrangeUrl, { kind: table.dataset.kind, groups: told() });
      before = state();
      saved = JSON.stringify(told());
      const all = told().flatMap((group) => group.ids);
      const row = table.querySelector(`tr[data-name="${CSS.escape(name)}"]`);
      if (row) crm.say(crm.text("placed", name, all.indexOf(Number(row.dataset.id)) + 1, all.length));
    } catch (error) {
      for (const [group, children] of before) {
        table.append(group);
        group.replaceChildren(...children);
      }
      crm.toast(error.message, true);
    }
  };

  for (const group of groups()) {
    new Sortable(group, {
      handle: "[data-grip]", draggable: "tr[data-id]", group: "attributes-" + table.dataset.kind, animation,
      onEnd: (event) => save(event.item.dataset.name),
    });
  }
  new Sortable(table, {
    handle: "[data-group-grip]", draggable: "tbody:not([data-group=''])", animation,
    onEnd: (event) => save(event.item.dataset.group),
  });

  const step = (row, up) => {
    const group = row.parentElement;
    const next = up ? row.previousElementSibling : row.nextElementSibling;
    if (next?.dataset.id) return up ? next.before(row) : next.after(row);
    const other = groups()[groups().indexOf(group) + (up ? -1 : 1)];
    if (!other) return undefined;
    const first = rows(other)[0];
    return up || !first ? other.append(row) : first.before(row);
  };
  const stepGroup = (group, up) => {
    const other = up ? group.previousElementSibling : group.nextElementSibling;
    if (other?.dataset.group) (up ? other.before(group) : other.after(group));
  };
  table.addEventListener("keydown", (event) => {
    const grip = event.target.closest("[data-grip], [data-group-grip]");
    if (!grip || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const up = event.key === "ArrowUp";
    const row = grip.closest("tr");
    if (row.dataset.id) step(row, up);
    else stepGroup(row.parentElement, up);
    grip.focus();
    save(row.dataset.name || row.parentElement.dataset.group);
  });
}
