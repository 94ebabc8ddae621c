// What HTML cannot do: ask an authenticator. Forms with data-options fetch what to ask, and send its answer as they are.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function options(given) {
  const asked = { ...given, challenge: bytes(given.challenge) };
  if (given.user) asked.user = { ...given.user, id: bytes(given.user.id) };
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    if (given[list]) asked[list] = given[list].map((key) => ({ ...key, id: bytes(key.id) }));
  }
  return asked;
}

function answer(credential) {
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = text(credential.response[part]);
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

async function ask(form) {
  const body = form.elements.ticket ? { ticket: form.elements.ticket.value } : {};
  const fetched = await fetch(form.dataset.options, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const asked = await fetched.json();
  if (!fetched.ok) {
    location.assign("/account?problem=" + encodeURIComponent(asked.code));
    return;
  }
  const publicKey = options(asked.options.publicKey);
  const credential = form.dataset.makes
    ? await navigator.credentials.create({ publicKey })
    : await navigator.credentials.get({ publicKey });
  form.elements.ceremony.value = asked.ceremony;
  form.elements.credential.value = JSON.stringify(answer(credential));
  form.submit();
}

for (const form of document.querySelectorAll("form[data-options]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form).catch((error) => {
      const told = form.querySelector("output");
      if (told) told.textContent = error.message;
    });
  });
}
