// The page's own behaviour: buttons with data-do become Gradio events, keys, scrolling, focus.
"use strict";
(() => {
  let trigger = null;
  const waiting = [];
  const byId = (id) => document.getElementById(id);
  const box = () => byId("question")?.querySelector("textarea, input");
  const busy = () => Boolean(byId("live")?.querySelector("[data-busy]"));
  const asking = new Set(["ask", "drop"]);
  const narrow = () => matchMedia("(max-width: 760px)").matches;
  let opener = null;

  function send(name, data) {
    if (asking.has(name) && busy()) return;
    if (trigger) trigger(name, data);
    else waiting.push([name, data]);
  }

  function act(element, extra) {
    const { do: name, ...data } = { ...element.dataset, ...extra };
    if (name === "close") return closeArticle();
    if (name === "tab") return openTab(data.name);
    if (name === "open" || name === "view") opener = element;
    send(name, data);
  }

  function openTab(name) {
    for (const tab of document.querySelectorAll('[role="tab"]')) if (tab.textContent.trim() === name) tab.click();
  }

  function closeArticle() {
    document.body.classList.remove("viewing");
    document.body.classList.remove("reading");
    const back = opener?.isConnected ? opener : box();
    back?.focus();
    for (const chip of document.querySelectorAll(".cite.open")) chip.classList.remove("open");
  }

  function scrolled(element) {
    for (let at = element.parentElement; at; at = at.parentElement) {
      // takes the overflow "auto" or "scroll"; not "visible", "hidden" or "clip"
      if (at.scrollHeight > at.clientHeight + 1 && /(auto|scroll)/.test(getComputedStyle(at).overflowY)) return at;
    }
    return document.scrollingElement;
  }

  function showArticle(element) {
    const pane = element.querySelector(".pane");
    document.body.classList.toggle("reading", Boolean(element.textContent.trim()));
    if (!pane) return;
    const steps = pane.querySelector(".steps [data-number]");
    for (const chip of document.querySelectorAll(".cite")) {
      const mark = pane.querySelector("mark.active");
      const same = mark && steps && chip.dataset.answer === steps.dataset.answer;
      chip.classList.toggle("open", Boolean(same && chip.dataset.number === mark.dataset.number));
    }
    const mark = pane.querySelector("mark.active"), text = pane.querySelector(".text");
    if (mark) text.scrollTop += mark.getBoundingClientRect().top - text.getBoundingClientRect().top - text.clientHeight / 3;
    (mark || text).focus({ preventScroll: true });
    if (narrow()) pane.scrollIntoView({ block: "start" });
  }

  function follow() {
    const live = byId("live"), talk = live && scrolled(live);
    if (!talk) return;
    const turn = live.querySelector(".turn");
    if (!turn) return;
    const edge = talk === document.scrollingElement ? 0 : talk.getBoundingClientRect().top;
    const top = turn.getBoundingClientRect().top - edge;
    if (top > 24 || top < 0) talk.scrollTop += top - 16;
  }

  function remember() {
    const turns = document.querySelectorAll(".turn[data-conversation]");
    const current = turns.length ? turns[turns.length - 1].dataset.conversation : "";
    const url = new URL(location.href);
    if ((url.searchParams.get("c") || "") === current || busy()) return;
    if (current) url.searchParams.set("c", current);
    else url.searchParams.delete("c");
    history.replaceState(null, "", url);
  }

  const shown = {
    thread: (element) => {
      remember();
      if (byId("live").querySelector(".turn")) return;
      const turns = element.querySelectorAll(".turn"), talk = scrolled(element);
      if (turns.length > 1) turns[turns.length - 1].scrollIntoView({ block: "start" });
      else talk.scrollTop = 0;
    },
    live: () => { remember(); follow(); },
    article: showArticle,
    viewed: (element) => {
      document.body.classList.toggle("viewing", Boolean(element.textContent.trim()));
      const pane = element.querySelector(".pane");
      if (pane && narrow()) pane.scrollIntoView({ block: "start" });
      pane?.querySelector(".text").focus({ preventScroll: true });
    },
  };

  window.clippings = {
    connect(given) {
      trigger = given;
      byId("live")?.setAttribute("aria-live", "polite");
      byId("talk")?.setAttribute("role", "main");
      byId("side")?.setAttribute("role", "complementary");
      document.documentElement.dataset.ready = "true";
      for (const [name, data] of waiting.splice(0)) trigger(name, data);
    },
    watched(name, element, watch) {
      watch("value", () => requestAnimationFrame(() => shown[name]?.(element)));
    },
    patched(element, watch) {
      watch("value", () => {
        const turn = element.querySelector(".turn");
        const old = turn && [...document.querySelectorAll(`[id="${CSS.escape(turn.id)}"]`)].find((one) => !element.contains(one));
        if (!old) return;
        const unfolded = old.querySelector(".found")?.open;
        old.replaceWith(turn);
        if (unfolded) turn.querySelector(".found").open = true;
        turn.querySelector(".reason input:not([type=radio])")?.focus();
      });
    },
  };

  document.addEventListener("click", (event) => {
    const element = event.target.closest("button[data-do]");
    if (element && !element.disabled) act(element);
    if (!event.target.closest(".menu")) {
      for (const menu of document.querySelectorAll(".menu[open]")) menu.open = false;
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-do]");
    if (!form) return;
    event.preventDefault();
    act(form, Object.fromEntries(new FormData(form)));
  });

  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".found[open]")) event.target.scrollIntoView({ block: "nearest" });
  }, true);

  let typing = 0;
  document.addEventListener("input", (event) => {
    const field = event.target.closest("[data-find]");
    if (!field) return;
    clearTimeout(typing);
    typing = setTimeout(() => {
      const form = field.closest("form");
      send(field.dataset.find, form ? Object.fromEntries(new FormData(form)) : { words: field.value });
    }, 250);
  });

  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      const menu = document.querySelector(".menu[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
      else if (busy()) send("halt", {});
      else if (document.body.matches(".reading, .viewing")) closeArticle();
      return;
    }
    if (event.target === box()) {
      if (event.key === "ArrowUp" && !event.target.value) {
        const turns = [...document.querySelectorAll(".turn")];
        const last = turns[turns.length - 1];
        if (!last || busy()) return;
        event.preventDefault();
        send("edit", { answer: last.dataset.answer || "", question: last.querySelector(".question").dataset.question });
      } else if (event.key === "Enter" && !event.shiftKey && busy()) {
        event.preventDefault();
        event.stopPropagation();
      }
    }
  }, true);
})();
