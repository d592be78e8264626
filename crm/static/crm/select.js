// Tom Select where it helps: choices from the server (data-remote), several choices, long lists. Short lists stay native.
// A remote address answers {"results": [{"id": 7, "text": "Acme", "hint": "Warsaw"}]}; the typed text goes as `q`.
(() => {
  const LONG = 12;

  const option = (data, escape) => {
    const hint = data.hint ? `<span class="crm-option-hint">${escape(data.hint)}</span>` : "";
    return `<div>${escape(data.text)}${hint}</div>`;
  };

  const remote = (select) => ({
    valueField: "id",
    labelField: "text",
    searchField: [],
    preload: "focus",
    loadThrottle: 200,
    sortField: [{ field: "$order" }],
    shouldLoad: () => true,
    load(query, done) {
      const url = new URL(select.dataset.remote, location.href);
      url.searchParams.set("q", query);
      const of = select.form?.elements[select.dataset.of]; // a client: its records are offered alone
      if (of?.value) url.searchParams.set("client", of.value);
      this.clearOptions((kept) => this.items.includes(String(kept.id ?? kept.value)));
      this.asking?.abort(); // else a late answer adds to that to what was typed since
      this.asking = new AbortController();
      fetch(url, { headers: { Accept: "application/json" }, signal: this.asking.signal })
        .then((answer) => answer.json())
        .then((body) => done(body.results))
        .catch(() => done());
    },
  });

  const enhance = (select) => {
    if (select.tomselect || select.matches("[data-plain], [size]")) return;
    const far = select.hasAttribute("data-remote");
    if (!far && !select.multiple && select.options.length <= LONG && !select.hasAttribute("data-create")) return;
    const label = select.labels[0]?.textContent.trim() || select.ariaLabel || "";
    const box = new TomSelect(select, {
      plugins: select.multiple ? ["remove_button"] : [],
      maxOptions: 300,
      allowEmptyOption: !far,
      create: select.hasAttribute("data-create"),
      createOnBlur: select.hasAttribute("data-create"),
      refreshThrottle: far ? 300 : 0, // else Enter right after typing takes the wrong one
      onItemAdd() { clearTimeout(this.refreshTimeout); }, // else it opens again and takes the focus back
      placeholder: select.dataset.placeholder || (far ? crm.text("choose") : ""),
      hidePlaceholder: true,
      closeAfterSelect: !select.multiple,
      render: { option, no_results: (_, escape) => `<div class="no-results">${escape(crm.text("none_found"))}</div>` },
      ...(far ? remote(select) : {}),
    });
    box.control_input.setAttribute("aria-label", label);
    select.setAttribute("aria-hidden", "true"); // the box stands for it
    for (const name of ["aria-describedby", "aria-invalid"]) {
      if (select.hasAttribute(name)) box.control_input.setAttribute(name, select.getAttribute(name));
    }
    if (select.autofocus) box.focus();
    select.form?.elements[select.dataset.of]?.addEventListener("change", () => {
      box.clearOptions((kept) => box.items.includes(String(kept.id ?? kept.value)));
      box.load("");
    });
  };

  const all = (root) => root.querySelectorAll("select").forEach(enhance);
  all(document);
  document.addEventListener("htmx:load", (event) => all(event.detail.elt));
})();
