// What the pages can do with a script: show a password, tick its rules while it is typed, copy a secret, ask for a passkey,
// and not send a form twice for a double click. Without it only passkeys are missing. It keeps nothing, and sends nothing
// but the answer of a device, in a form.
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
    passphrase: (text) => [...text].length,
  };

  for (const list of document.querySelectorAll(".rules")) {
    const input = document.getElementById(list.dataset.of);
    const tick = () => {
      const text = input.value.replace(/\p{Zs}/gu, " ").normalize("NFC");
      const phrase = list.querySelector("[data-rule=passphrase]");
      const isPhrase = phrase !== null && count.passphrase(text) >= Number(phrase.dataset.number);
      for (const line of list.children) {
        const { rule, number } = line.dataset;
        const counted = count[rule](text);
        const met = text !== "" && (rule === "maxLength" ? counted <= Number(number) : isPhrase || counted >= Number(number));
        line.className = met ? "met" : "";
        line.querySelector(".unseen").textContent = met ? list.dataset.met : "";
      }
    };
    input.addEventListener("input", tick);
    if (input.value) tick();
  }

  // Passkeys (Web Authentication, Level 3). What is bytes there is base64url in JSON.
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
  const base64url = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (each) => String.fromCharCode(each)).join(""))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  const decoded = (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.allowCredentials && { allowCredentials: named(options.allowCredentials) }),
    ...(options.excludeCredentials && { excludeCredentials: named(options.excludeCredentials) }),
  });

  const answerOf = (credential) => {
    const { id, type, rawId, response } = credential;
    const answer = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) answer[name] = base64url(response[name]);
    }
    if (response.getTransports) answer.transports = response.getTransports();
    return JSON.stringify({ id, type, rawId: base64url(rawId), response: answer });
  };

  const belongs = (domain) => location.hostname === domain || location.hostname.endsWith("." + domain);
  const passkeys = window.PublicKeyCredential && navigator.credentials;

  // Without the script there is no form for it, so that a page has the forms that people can use.
  const formOf = (place) => {
    const form = document.createElement("form");
    for (const { name, value } of place.attributes) form.setAttribute(name, value);
    form.method = "post";
    form.action = place.dataset.action;
    form.noValidate = true;
    form.append(...place.childNodes);
    place.replaceWith(form);
    return form;
  };

  for (const place of passkeys ? document.querySelectorAll("[data-passkey]") : []) {
    const options = JSON.parse(place.dataset.options);
    if (!belongs(options.rpId || options.rp.id)) continue;
    const form = formOf(place);
    const does = form.dataset.passkey;
    const input = form.querySelector("[data-answer]");
    const failed = document.createElement("div");
    failed.className = "alert bad alert-danger";
    failed.setAttribute("role", "alert");
    let waiting = new AbortController(); // the device that is being asked: browsers ask one at a time

    const send = (credential) => {
      input.value = answerOf(credential);
      const remember = document.querySelector("input[type=checkbox][name=rememberMe]");
      if (does === "get" && remember && remember.checked && !form.contains(remember)) {
        const copy = document.createElement("input");
        copy.type = "hidden";
        copy.name = remember.name;
        copy.value = remember.value;
        form.append(copy);
      }
      form.requestSubmit();
    };
    const ask = async (more) => {
      waiting.abort();
      waiting = new AbortController();
      const { signal } = waiting;
      try {
        send(await navigator.credentials[does]({ publicKey: decoded(options), signal, ...more }));
        return true;
      } catch (error) {
        return signal.aborted;
      }
    };
    // The list of passkeys that browsers show in the field for the name.
    const offer = async () => {
      const able = PublicKeyCredential.isConditionalMediationAvailable;
      if ("autofill" in form.dataset && able && await able.call(PublicKeyCredential)) await ask({ mediation: "conditional" });
    };

    form.addEventListener("submit", async (event) => {
      if (input.value) return;
      event.preventDefault();
      event.stopImmediatePropagation(); // nothing is sent yet
      failed.remove();
      if (await ask({})) return;
      for (const said of document.querySelectorAll("main > .alert")) said.remove(); // one thing is said at a time
      failed.replaceChildren(form.querySelector("template").content.cloneNode(true));
      (form.querySelector(".buttons") || form.querySelector("button")).before(failed);
      offer();
    });
    // A page that browsers bring back has the answer that was sent already.
    window.addEventListener("pageshow", () => { input.value = ""; });
    form.hidden = false;
    offer();
  }

  for (const place of passkeys ? document.querySelectorAll("[data-needs-passkeys]") : []) place.hidden = false;

  // Who wants to stay signed in wants that by way of another site too.
  for (const way of document.querySelectorAll("[data-way]")) {
    way.addEventListener("click", () => {
      const remember = document.querySelector("input[type=checkbox][name=rememberMe]");
      if (!remember) return;
      const address = new URL(way.href);
      if (remember.checked) address.searchParams.set(remember.name, remember.value);
      else address.searchParams.delete(remember.name);
      way.href = address.href;
    });
  }

  // What a device still offers, and the site does not take any more.
  const signal = async (name, options) => {
    const tells = passkeys && PublicKeyCredential[name];
    if (!tells || !belongs(options.rpId)) return;
    try {
      await tells.call(PublicKeyCredential, options);
    } catch {
      // The browser does not want to know.
    }
  };
  for (const { dataset } of document.querySelectorAll("[data-known]")) {
    signal("signalAllAcceptedCredentials", JSON.parse(dataset.known));
  }
  for (const { dataset } of document.querySelectorAll("[data-forget]")) {
    signal("signalUnknownCredential", JSON.parse(dataset.forget));
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
