// The form of an attribute: words are asked for where the type has any, and there is always room for another.
(() => {
  const form = document.querySelector("form[data-attribute-form]");
  if (!form) return;
  const words = form.querySelector("[data-words]");
  const list = words.querySelector("ul");
  const more = words.querySelector("[data-more-options]");
  const types = form.dataset.wordTypes.split(" ");
  const blank = list.lastElementChild.cloneNode(true);

  const show = () => {
    const type = form.elements.type.value;
    words.hidden = !types.includes(type);
    for (const part of form.querySelectorAll("[data-only-type]")) part.hidden = part.dataset.onlyType !== type;
  };
  const add = () => {
    const row = blank.cloneNode(true);
    list.append(row);
    row.querySelector("input:not([type=hidden])").focus();
  };
  const offer = ({ target }) => {
    const words = target.dataset.replacements;
    if (!words) return;
    delete target.dataset.replacements;
    const there = new Set([...target.options].map((option) => option.value));
    const own = target.closest("li").querySelector("[name=options-id]").value;
    for (const row of list.children) {
      const [id, label] = ["options-id", "options-label"].map((name) => row.querySelector(`[name=${name}]`).value);
      if (id && id !== own && !there.has(id)) target.append(new Option(words.replace("%s", () => label), id));
    }
  };
  for (const event of ["pointerdown", "focusin"]) list.addEventListener(event, offer);
  form.elements.type.addEventListener("change", show);
  more.addEventListener("click", add);
  list.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.name !== "options-label") return;
    event.preventDefault();
    if (event.target.value.trim()) add();
  });
  more.hidden = false;
  show();
})();
