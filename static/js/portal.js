// What the pages need beyond htmx: copying, themes, unsent forms, and a live page that does not lose its reader's place.
(() => {
  "use strict";
  const root = document.documentElement;

  // Themes
  const showTheme = () => {
    for (const button of document.querySelectorAll("[data-theme-choice]"))
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === (root.dataset.theme || "system")));
  };
  const chooseTheme = (theme) => {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    try {
      if (theme === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", theme);
    } catch {
      // Not remembered, but applied.
    }
    showTheme();
  };

  const copy = async (button) => {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy it";
    }
    setTimeout(() => (button.textContent = before), 1600);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.themeChoice) chooseTheme(button.dataset.themeChoice);
    else if (button?.dataset.copy !== undefined) copy(button);
    else if (button?.dataset.openAll) {
      const all = [...document.getElementById(button.dataset.openAll).querySelectorAll("details")];
      const open = !all.every((item) => item.open);
      for (const item of all) item.open = open;
    } else if (button?.dataset.print !== undefined) window.print();
    const menu = document.getElementById("menu");
    if (menu?.open && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = document.getElementById("menu");
    if (event.key === "Escape" && menu?.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // Forms: sent once; not left by mistake; filters without a button; a plan that is older than what was typed
  let unsent = false;
  document.addEventListener("input", (event) => {
    if (event.target.closest("[data-guard]")) unsent = true;
    if (event.target.closest("#fields")) {
      const panel = document.getElementById("panel");
      if (panel) {
        panel.dataset.stale = "";
        panel.querySelector("[data-once]")?.setAttribute("disabled", "");
      }
    }
  });
  document.addEventListener("portal:restored", () => (unsent = true));
  document.addEventListener("change", (event) => event.target.closest("[data-send-on-change]")?.requestSubmit());
  document.addEventListener("submit", (event) => {
    unsent = false;
    const button = event.submitter;
    // After the event, since a disabled button would not be sent.
    if (button?.dataset.once) setTimeout(() => Object.assign(button, { disabled: true, textContent: button.dataset.once }));
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsent) event.preventDefault();
  });
  // A page out of the browser's memory would still show what was true when it was left.
  window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());

  // Live parts: untouched when nothing in them changed; open details, scroll, focus and typed text (data-keep) stay
  let place = null;
  const remember = () => {
    if (place) return;
    place = {
      focus: document.activeElement?.id,
      details: new Map([...document.querySelectorAll("details[id]")].map((item) => [item.id, item.open])),
      texts: [...document.querySelectorAll("[data-keep][id]")].map((item) => [item.id, item.value, item.selectionStart, item.selectionEnd]),
      scrolls: [...document.querySelectorAll("[data-keep-scroll][id]")].map((item) => [item.id, item.scrollLeft, item.scrollTop]),
    };
  };
  const restore = () => {
    if (!place) return;
    for (const [id, open] of place.details) {
      const item = document.getElementById(id);
      if (item && item.open !== open) item.open = open;
    }
    for (const [id, text, start, end] of place.texts) {
      const item = document.getElementById(id);
      if (!item || item.value === text) continue;
      item.value = text;
      item.setSelectionRange(start, end);
    }
    for (const [id, left, top] of place.scrolls) document.getElementById(id)?.scrollTo(left, top);
    if (place.focus && document.activeElement === document.body) document.getElementById(place.focus)?.focus({ preventScroll: true });
    place = null;
    tick();
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    remember();
  });
  document.addEventListener("htmx:afterSettle", restore);
  const offline = document.getElementById("offline");
  const tell = (text) => Object.assign(offline, { textContent: text, hidden: false });
  for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, () => tell(offline.dataset.silent));
  document.addEventListener("htmx:responseError", (event) => {
    // A session that has ended; session.js keeps what was typed.
    if (event.detail.xhr.getResponseHeader("Portal-Sign-In")) {
      unsent = false;
      return;
    }
    if (event.detail.xhr.status >= 500) tell(offline.dataset.silent);
    // Gone, or not ours any more: the page itself says which.
    else if (event.target.id === "poller") window.location.reload();
    else tell(offline.dataset.refused);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) offline.hidden = true;
  });

  // Times that stay true while the page is open; the server writes them the same way (portal/web/formatting.py)
  const relative = (seconds) => {
    const size = Math.abs(seconds);
    if (size < 60) return seconds >= 0 ? "just now" : "in a moment";
    const [number, unit] = size < 3600 ? [size / 60, "min"] : size < 172800 ? [size / 3600, "h"] : [size / 86400, "days"];
    return seconds >= 0 ? `${Math.floor(number)} ${unit} ago` : `in ${Math.floor(number)} ${unit}`;
  };
  const duration = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    const two = (number) => String(number).padStart(2, "0");
    if (whole < 60) return `${whole} s`;
    const minutes = Math.floor(whole / 60);
    return minutes < 60 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
  };
  const tick = () => {
    for (const item of document.querySelectorAll("time[data-ago]")) {
      const text = relative((Date.now() - Date.parse(item.dateTime)) / 1000);
      if (item.textContent !== text) item.textContent = text;
    }
    for (const item of document.querySelectorAll("[data-since]")) item.textContent = duration((Date.now() - Date.parse(item.dataset.since)) / 1000);
  };
  setInterval(tick, 1000);
  showTheme();
  tick();
})();
