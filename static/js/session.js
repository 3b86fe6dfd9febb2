// What is typed outlives the session: it is kept in this tab, for the same person, until the form is shown again.
(() => {
  "use strict";
  const DRAFT = "draft";
  const KEPT = "draft-kept";
  const HOUR = 3_600_000;
  const here = () => window.location.pathname + window.location.search;
  const user = document.body.dataset.user || "";

  const store = {
    get: (key) => {
      try {
        return JSON.parse(sessionStorage.getItem(key));
      } catch {
        return null;
      }
    },
    set: (key, value) => {
      try {
        sessionStorage.setItem(key, JSON.stringify(value));
      } catch {
        // Not kept: private windows and full storage.
      }
    },
    drop: () => {
      try {
        sessionStorage.removeItem(DRAFT);
        sessionStorage.removeItem(KEPT);
      } catch {
        // There is nothing to remove.
      }
    },
  };

  const isKept = (control) =>
    control.name &&
    !["hidden", "password", "file", "submit", "button", "reset"].includes(control.type) &&
    !/password|one-time-code/.test(control.autocomplete) &&
    control.closest("[data-secret]") === null;
  const controlsOf = (form) => [...form.elements].filter(isKept);
  const keyOf = (form) => `${new URL(form.getAttribute("action") || "", window.location).pathname} ${form.id}`;
  const isOrdinary = (form) => form.method === "post" && form.closest("[data-keep-typed], .menu") === null;
  const fieldsOf = (form) => controlsOf(form).map((control) => [control.name, control.value, control.checked ?? null]);

  const keep = (forms) => {
    const filled = forms.map((form) => ({ key: keyOf(form), fields: fieldsOf(form) })).filter((form) => form.fields.length);
    if (user && filled.length) store.set(DRAFT, { user, url: here(), at: Date.now(), forms: filled });
  };

  // Returns whether a control changed that makes the server send other fields.
  const fill = (form, fields) => {
    let asks = null;
    for (const control of controlsOf(form)) {
      const isChoice = control.type === "radio" || control.type === "checkbox";
      const field = fields.find(([name, value]) => name === control.name && (!isChoice || value === control.value));
      if (!field) continue;
      const before = isChoice ? control.checked : control.value;
      if (isChoice) control.checked = field[2];
      else if (control.tagName !== "SELECT" || [...control.options].some((option) => option.value === field[1])) control.value = field[1];
      const changed = before !== (isChoice ? control.checked : control.value);
      if (changed && control.hasAttribute("hx-post") && (!isChoice || control.checked)) asks = control;
    }
    return asks;
  };

  const restore = (draft) => {
    const path = draft.url.split("?")[0];
    if (draft.url !== here() && !path.startsWith(window.location.pathname)) return false;
    let found = false;
    for (const { key, fields } of draft.forms) {
      const form = [...document.forms].find((form) => keyOf(form) === key);
      if (!form) continue;
      found = true;
      const asks = fill(form, fields);
      if (asks) {
        const again = () => {
          const newer = [...document.forms].find((form) => keyOf(form) === key);
          if (newer) finish(newer, fields);
        };
        document.addEventListener("htmx:afterSettle", again, { once: true });
        asks.dispatchEvent(new Event("change", { bubbles: true }));
      } else finish(form, fields);
    }
    return found;
  };
  const finish = (form, fields) => {
    fill(form, fields);
    document.dispatchEvent(new Event("portal:restored"));
    controlsOf(form)[0]?.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const note = () => {
    const text = document.createElement("p");
    Object.assign(text, { className: "notice info", textContent: "What you typed before you signed in again is back, except secrets. Nothing was sent." });
    text.setAttribute("role", "status");
    document.getElementById("content")?.prepend(text);
  };

  document.addEventListener("submit", (event) => {
    if (event.target.closest(".menu")) store.drop();
    else if (isOrdinary(event.target)) keep([event.target]);
  });
  document.addEventListener("htmx:responseError", (event) => {
    const signIn = event.detail.xhr.getResponseHeader("Portal-Sign-In");
    if (!signIn) return;
    keep([...document.forms].filter(isOrdinary));
    window.location.assign(signIn);
  });

  // After htmx has found its elements, which it does at the same event.
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelector("form[data-send-at-once]")?.requestSubmit();
    if (document.querySelector("[data-keep-typed]")) {
      store.set(KEPT, true);
      return;
    }
    const draft = store.get(DRAFT);
    const isOld = draft && (draft.user !== user || Date.now() - draft.at > HOUR);
    if (!draft || isOld || !store.get(KEPT)) store.drop();
    else if (restore(draft)) {
      store.drop();
      note();
    }
  });
})();
