// An event of whole days asks for days; any other for times. What was typed stays as far as it fits.
(() => {
  const allDay = document.querySelector("form.crm-form [name=all_day]");
  const fields = ["start", "end"].map((name) => allDay.form.elements[name]);
  const times = fields.map(() => "T09:00");

  const fit = () => {
    fields.forEach((field, number) => {
      const value = field.value;
      if (value.includes("T")) times[number] = value.slice(10);
      field.type = allDay.checked ? "date" : "datetime-local";
      if (value) field.value = allDay.checked ? value.slice(0, 10) : value.slice(0, 10) + times[number];
    });
  };
  allDay.addEventListener("change", fit);
  if (allDay.checked) fit();
  // an event that is moved keeps its length
  let start = fields[0].value;
  fields[0].addEventListener("change", () => {
    const length = Date.parse(fields[1].value) - Date.parse(start);
    const moved = Date.parse(`${fields[0].value}${allDay.checked ? "" : "Z"}`) + length;
    if (length >= 0 && moved) fields[1].value = new Date(moved).toISOString().slice(0, allDay.checked ? 10 : 16);
    start = fields[0].value;
  });
})();
