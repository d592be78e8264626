// Suggestions under the search box at the top: arrow keys walk them, Enter opens one, Escape closes.
(() => {
  const box = document.querySelector("[data-search-box]");
  const list = document.getElementById("suggestions");
  if (!box || !list) return;
  const options = () => [...list.querySelectorAll("[role=option]")];
  const chosen = () => list.querySelector("[aria-selected=true]");

  const choose = (option) => {
    for (const each of options()) each.ariaSelected = String(each === option);
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      box.removeAttribute("aria-activedescendant");
    }
  };
  const show = (open) => {
    list.hidden = !open;
    box.ariaExpanded = String(open && options().length > 0);
    if (!open) choose(null);
  };

  list.addEventListener("htmx:afterSwap", () => show(document.activeElement === box && box.value.trim() !== ""));
  box.addEventListener("focus", () => show(box.value.trim() !== ""));
  box.addEventListener("input", () => { if (!box.value.trim()) { list.replaceChildren(); show(false); } });
  box.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(chosen());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden || !all.length) return;
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(all[(at + step + all.length + (at < 0 && step < 0 ? 1 : 0)) % all.length]);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      all[at].click();
    } else if (event.key === "Escape") {
      show(false);
    }
  });
  document.addEventListener("click", (event) => { if (!event.target.closest(".crm-top .crm-search")) show(false); });
  box.form.addEventListener("focusout", (event) => { if (!box.form.contains(event.relatedTarget)) setTimeout(() => show(false), 150); });
})();
