// Stars: one click sets, a click on the present value clears. Shown at once, put back when refused.
document.addEventListener("click", async (event) => {
  const button = event.target.closest(".stars[data-url] button");
  if (!button) return;
  event.preventDefault();
  const stars = button.closest(".stars");
  const before = Number(stars.dataset.value);
  const value = Number(button.value) === before ? 0 : Number(button.value);
  const paint = (n) => {
    stars.dataset.value = n;
    for (const star of stars.querySelectorAll("button")) {
      star.classList.toggle("on", Number(star.value) <= n);
      star.ariaPressed = String(Number(star.value) === n);
    }
  };
  paint(value);
  try {
    await crm.post(stars.dataset.url, { type: "stars", value });
    crm.say(crm.text("stars", value));
  } catch (error) {
    paint(before);
    crm.toast(error.message, true);
  }
});
