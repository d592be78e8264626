// Lines in a form: added, removed, put in order by dragging or by keys, filled from a product, added up as one types.
(() => {
  const box = document.querySelector("[data-lines]");
  if (!box) return;
  const form = box.closest("form");
  const body = box.querySelector("[data-line-rows]");
  const template = box.querySelector("[data-line-template]");
  const sums = box.querySelector("[data-totals]");
  const words = JSON.parse(sums.dataset.words);
  const language = document.documentElement.lang;
  const rows = () => [...body.children];
  const cell = (row, name) => row.querySelector(`[name$="-${name}"]`);
  let next = rows().length;

  // -- numbers

  const point = new Intl.NumberFormat(language).formatToParts(1.5).find((part) => part.type === "decimal").value;
  const typed = (number) => (number ?? "").replace(".", point);
  const currency = () => form.elements.currency?.value.trim() ?? "";

  const amount = (cents) => {
    const size = String(cents < 0n ? -cents : cents).padStart(3, "0");
    const text = `${cents < 0n ? "-" : ""}${size.slice(0, -2)}.${size.slice(-2)}`;
    const style = /^[A-Z]{3}$/.test(currency()) ? { style: "currency", currency: currency() } : { minimumFractionDigits: 2 };
    return new Intl.NumberFormat(language, style).format(text);
  };

  /** The numbers of a row, or null while they cannot be read. */
  const numbers = (row) => {
    const found = { vat_rate: cell(row, "vat_rate").value };
    for (const name of ["quantity", "price", "discount"]) {
      const text = cell(row, name).value.trim();
      found[name] = text === "" && name === "discount" ? "" : crmTotals.plain(text);
      if (found[name] === null) return null;
    }
    return found;
  };

  // -- totals

  const total = (label, value, of = "", last = false) => {
    const line = document.createElement("div");
    if (last) line.className = "crm-totals-gross";
    const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
    dt.append(label);
    if (of) {
      const note = document.createElement("span");
      note.className = "crm-totals-of";
      note.append(of);
      dt.append(" ", note);
    }
    dd.append(value);
    line.append(dt, dd);
    return line;
  };
  const rateWords = (rate) => words.rates[rate] ?? `${typed(rate)}%`;

  const show = () => {
    const whole = crmTotals.plain(form.elements.discount?.value ?? "") ?? "0";
    const read = rows().map((row) => [row, numbers(row)]);
    const there = read.filter(([, found]) => found);
    const found = crmTotals.add(there.map(([, line]) => line), whole);
    for (const [row] of read) row.querySelector("[data-net]").textContent = "–";
    there.forEach(([row], at) => { row.querySelector("[data-net]").textContent = amount(found.lines[at]); });
    for (const row of rows()) cell(row, "discount").placeholder = whole === "0" ? "" : typed(whole);
    const several = found.rates.length > 1;
    sums.replaceChildren(
      total(words.net, amount(found.net)),
      ...found.rates.map(({ rate, net, vat }) =>
        total(words.vat.replace("{0}", rateWords(rate)), amount(vat), several ? amount(net) : "")),
      total(words.gross, amount(found.gross), "", true),
    );
  };

  // -- rows

  const add = (focus = true) => {
    const holder = document.createElement("template");
    holder.innerHTML = template.innerHTML.replaceAll("lines-new-", `lines-${next++}-`);
    const row = holder.content.firstElementChild ?? holder.content.children[0];
    body.append(row);
    document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: row } })); // select.js makes its fields
    if (focus) cell(row, "product").tomselect.focus();
    show();
    return row;
  };

  const remove = (row) => {
    const after = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (after?.querySelector("[data-remove-line]") ?? box.querySelector("[data-add-line]")).focus();
    crm.say(crm.text("line_removed", rows().length));
    show();
  };

  const move = (row, up) => {
    const [before, after] = [row.previousElementSibling, row.nextElementSibling];
    if (up) before?.before(row);
    else after?.after(row);
    row.querySelector("[data-grip]").focus();
    crm.say(crm.text("placed", cell(row, "description").value, rows().indexOf(row) + 1, rows().length));
  };

  /** Fills a row from its product; a description that somebody wrote stays. */
  const fill = (row) => {
    const product = cell(row, "product");
    const line = product.tomselect?.options[product.value]?.line;
    if (!line) return;
    const description = cell(row, "description");
    if (!description.value.trim() || description.value === row.dataset.filled) {
      description.value = row.dataset.filled = line.description;
    }
    cell(row, "unit").value = line.unit ?? "";
    cell(row, "price").value = !currency() || line.currency === currency() ? typed(line.price) : "";
    const rate = cell(row, "vat_rate");
    if (![...rate.options].some((option) => option.value === line.vat_rate)) {
      rate.add(new Option(rateWords(line.vat_rate), line.vat_rate));
    }
    rate.value = line.vat_rate;
    show();
    product.tomselect.blur();
    setTimeout(() => cell(row, "quantity").select()); // after Tom Select has taken the focus itself
  };

  // -- what people do

  box.addEventListener("click", (event) => {
    if (event.target.closest("[data-add-line]")) add();
    else if (event.target.closest("[data-remove-line]")) remove(event.target.closest("tr"));
  });
  form.addEventListener("input", show);
  form.addEventListener("change", (event) => {
    if (event.target.matches('[data-line] select[name$="-product"]')) fill(event.target.closest("tr"));
    show();
  });
  box.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr");
    if (event.target.closest("[data-grip]") && ["ArrowUp", "ArrowDown"].includes(event.key)) {
      event.preventDefault();
      move(row, event.key === "ArrowUp");
    } else if (event.key === "Enter" && event.target.matches("input[name]")) {
      // to the same cell of the next line, or to a new line
      event.preventDefault();
      const name = event.target.name.split("-").pop();
      if (row.nextElementSibling) cell(row.nextElementSibling, name).select();
      else add();
    }
  });
  new Sortable(body, {
    handle: "[data-grip]",
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
  });
  document.addEventListener("crm:terms", show);
  if (!rows().length) add(false);
  show();
})();
