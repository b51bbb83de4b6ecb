// What the pages can do with a script: show a password, tick its rules while it is typed, copy a secret, and not send a form
// twice for a double click. Without it nothing is missing. It sends nothing and keeps nothing.
(() => {
  "use strict";

  const button = (type, text) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = type;
    made.textContent = text;
    return made;
  };

  for (const box of document.querySelectorAll(".password")) {
    const input = box.querySelector("input");
    const show = button("", box.dataset.show);
    show.setAttribute("aria-controls", input.id);
    show.setAttribute("aria-pressed", "false");
    const toggle = (shown) => {
      input.type = shown ? "text" : "password";
      show.textContent = shown ? box.dataset.hide : box.dataset.show;
      show.setAttribute("aria-pressed", String(shown));
    };
    show.addEventListener("click", () => { toggle(input.type === "password"); });
    // Browsers remember what was typed into a field of type text.
    if (input.form) input.form.addEventListener("submit", () => { toggle(false); });
    box.append(show);
  }

  // As the directory counts them.
  const count = {
    minLength: (text) => [...text].length,
    maxLength: (text) => [...text].length,
    minUpperCase: (text) => (text.match(/[\p{Lu}\p{Lt}]/gu) || []).length,
    minLowerCase: (text) => (text.match(/\p{Lowercase}/gu) || []).length,
    minNumeric: (text) => (text.match(/\p{Nd}/gu) || []).length,
    minSymbol: (text) => (text.match(/[ -/:-@[-`{-~¡¦§©«¬®±µ¶·»½¿×÷]/gu) || []).length,
    minDiacritic: (text) => (text.match(/[À-ÖØ-öø-ÿ]/gu) || []).length,
  };

  for (const list of document.querySelectorAll(".rules")) {
    const input = document.getElementById(list.dataset.of);
    const tick = () => {
      const text = input.value.replace(/\p{Zs}/gu, " ").normalize("NFC");
      for (const line of list.children) {
        const { rule, number } = line.dataset;
        const counted = count[rule](text);
        const met = text !== "" && (rule === "maxLength" ? counted <= Number(number) : counted >= Number(number));
        line.className = met ? "met" : "";
        line.querySelector(".unseen").textContent = met ? list.dataset.met : "";
      }
    };
    input.addEventListener("input", tick);
    if (input.value) tick();
  }

  const together = 2000; // milliseconds in which two clicks are one

  for (const form of document.forms) {
    let sent = -together;
    form.addEventListener("submit", (event) => {
      if (event.timeStamp - sent < together) event.preventDefault();
      else sent = event.timeStamp;
    });
  }

  for (const place of document.querySelectorAll("[data-copy]")) {
    const from = document.getElementById(place.dataset.copy);
    if (!from || !navigator.clipboard) continue;
    const copy = button(place.className, place.dataset.text);
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(from.textContent.trim());
      copy.textContent = place.dataset.copied;
    });
    place.replaceWith(copy);
  }
})();
