// Boxes whose answers stand in a list below: arrow keys walk it, Enter opens one. The search at the top, and the palette.
(() => {
  const walk = (box, list) => {
    const options = () => [...list.querySelectorAll("[role=option]")];
    const choose = (option) => {
      for (const each of options()) each.ariaSelected = String(each === option);
      if (option) {
        box.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      } else {
        box.removeAttribute("aria-activedescendant");
      }
    };
    box.addEventListener("keydown", (event) => {
      const all = options();
      const at = all.findIndex((each) => each.ariaSelected === "true");
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (list.hidden || !all.length) return;
        event.preventDefault();
        const step = event.key === "ArrowDown" ? 1 : -1;
        choose(all[(at + step + all.length + (at < 0 && step < 0 ? 1 : 0)) % all.length]);
      } else if (event.key === "Enter" && at >= 0) {
        event.preventDefault();
        all[at].click();
      }
    });
    return { options, choose };
  };

  const box = document.querySelector("[data-search-box]");
  const list = document.getElementById("suggestions");
  if (!box || !list) return;
  const { options, choose } = walk(box, list);
  const show = (open) => {
    list.hidden = !open;
    box.ariaExpanded = String(open && options().length > 0);
    if (!open) choose(null);
  };
  list.addEventListener("htmx:afterSwap", () => show(document.activeElement === box && box.value.trim() !== ""));
  box.addEventListener("focus", () => show(box.value.trim() !== ""));
  box.addEventListener("input", () => { if (!box.value.trim()) { list.replaceChildren(); show(false); } });
  box.addEventListener("keydown", (event) => { if (event.key === "Escape") show(false); });
  document.addEventListener("click", (event) => { if (!event.target.closest(".crm-top .crm-search")) show(false); });
  box.form.addEventListener("focusout", (event) => { if (!box.form.contains(event.relatedTarget)) setTimeout(() => show(false), 150); });

  const palette = document.getElementById("palette");
  const asked = palette.querySelector("[role=combobox]");
  const entries = document.getElementById("palette-list");
  const among = walk(asked, entries);
  let awaited = ""; // Enter that came before the answer to what was typed
  const open = () => {
    if (document.querySelector("dialog[open]")) return;
    asked.value = "";
    palette.showModal();
    htmx.trigger(asked, "opened");
  };
  entries.addEventListener("htmx:afterSwap", (event) => {
    entries.scrollTop = 0;
    among.choose(among.options()[0]);
    entries.dataset.for = event.detail.requestConfig.parameters.q;
    if (entries.dataset.for !== asked.value) return;
    if (awaited && awaited === asked.value) among.options()[0]?.click();
    awaited = "";
  });
  asked.form.addEventListener("submit", (event) => event.preventDefault());
  asked.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || entries.dataset.for === asked.value) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    awaited = asked.value;
  }, true);
  palette.addEventListener("click", (event) => {
    if (event.target === palette || event.target.closest("[data-close], [role=option]")) palette.close();
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-palette]")) open(); });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (palette.open) palette.close();
    else open();
  });
})();
