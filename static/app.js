// Everything the pages do beyond links, forms and htmx. No page needs it to be usable.
(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // ---- toasts -------------------------------------------------------------------------------

  const LEVELS = { success: "green", info: "blue", warning: "orange", error: "red" };

  function toast(text, level = "info") {
    const shelf = one("#toasts");
    const pattern = one("#toast-pattern");
    if (!shelf || !pattern) return;
    const card = pattern.content.firstElementChild.cloneNode(true);
    one("[data-toast-text]", card).textContent = text;
    one("[data-toast-dot]", card).classList.add(`bg-${LEVELS[level] || "blue"}`);
    if (level === "error") card.setAttribute("role", "alert");
    shelf.append(card);
    rest(card, level);
  }

  // Errors stay until they are read; the rest leaves by itself.
  function rest(card, level) {
    one("[data-toast-close]", card)?.addEventListener("click", () => card.remove());
    if (level !== "error" && level !== "warning") setTimeout(() => card.remove(), 7000);
  }

  all("#toasts .toast").forEach((card) => rest(card, card.dataset.level));
  document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.level));

  // ---- theme --------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-set]");
    if (button) window.deskTheme.choose(button.dataset.themeSet);
  });

  // ---- keys: "/" searches, "n" starts an order ----------------------------------------------

  const typing = (element) =>
    element.isContentEditable || /^(input|textarea|select)$/i.test(element.tagName);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/") {
      const search = one("[data-search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "n") {
      one("a[data-new-order]")?.click();
    }
  });

  // ---- a form is sent once ------------------------------------------------------------------

  const submitters = (form) =>
    all("button, input[type=submit]", form).filter((b) => b.type === "submit" && !b.disabled);

  function close(form) {
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
    // After the browser has collected the fields: a disabled button would not be among them.
    setTimeout(() => {
      if (!form.dataset.sent) return;
      submitters(form).forEach((button) => {
        button.disabled = true;
        button.dataset.wasOpen = "yes";
        if (!form.hasAttribute("data-quiet")) button.classList.add("btn-loading");
      });
    });
  }

  function open(form) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
    all("[data-was-open]", form).forEach((button) => {
      button.disabled = false;
      button.classList.remove("btn-loading");
      delete button.dataset.wasOpen;
    });
  }

  // A date that is only half written goes to the desk as none at all: an order for next week would
  // leave at once. Nothing is sent before it is whole or empty.
  const isHalf = (field) => Boolean(field.validity?.badInput);

  function sayHalf(field) {
    if (field.getAttribute("aria-invalid") !== "true") {
      const words = document.createElement("div");
      words.id = `${field.id}_half`;
      words.className = "invalid-feedback d-block";
      words.textContent = "This is not complete. Write the rest of it, or empty the field.";
      field.after(words);
      field.classList.add("is-invalid");
      field.setAttribute("aria-invalid", "true");
      const others = field.getAttribute("aria-describedby") || "";
      field.setAttribute("aria-describedby", `${words.id} ${others}`.trim());
    }
    field.focus();
  }

  all("form[data-scripted]").forEach((form) => { form.noValidate = true; });
  document.addEventListener("submit", (event) => {
    const fields = [...event.target.elements];
    fields.filter((field) => one(`#${CSS.escape(field.id)}_half`) && !isHalf(field)).forEach(forgive);
    const half = fields.filter(isHalf);
    if (!half.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    half.reverse().forEach(sayHalf);
  }, true);

  const isPost = (form) => form instanceof HTMLFormElement && form.method === "post";
  const byHtmx = (form) => form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]");

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!isPost(form) || byHtmx(form)) return;
    if (form.dataset.sent) event.preventDefault();
    else close(form);
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt;
    if (!isPost(form) || !byHtmx(form)) return;
    if (form.dataset.sent) event.preventDefault();
    else close(form);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (isPost(event.detail.elt)) open(event.detail.elt);
  });
  // Back in the browser's history the page may come from memory, with its form still closed.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) all("form[data-sent]").forEach(open);
  });

  // ---- live parts ---------------------------------------------------------------------------

  const polls = (element) => /\bevery\b/.test(element.getAttribute("hx-trigger") || "");
  let lost = false;

  function connection(isLost) {
    if (lost === isLost) return;
    lost = isLost;
    const banner = one("#connection-lost");
    if (banner) banner.hidden = !isLost;
    document.documentElement.classList.toggle("is-stale", isLost);
    if (!isLost) toast("The desk answers again.", "success");
  }

  // A page nobody looks at asks for nothing.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && polls(event.detail.elt)) event.preventDefault();
  });
  // The refresh must not pull away an open menu or what somebody is typing into.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { requestConfig, target } = event.detail;
    if (!requestConfig || !polls(requestConfig.elt)) return;
    const busy = one(
      ".dropdown-menu.show, input:focus, textarea:focus, select:focus, [data-order-box]:checked, [data-hold][open]",
      target,
    );
    if (busy) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { successful, elt, xhr } = event.detail;
    if (successful) connection(false);
    else if (xhr.status === 0) return; // broken off by us, or said by one of the two below
    else if (polls(elt) && xhr.status >= 500) connection(true);
    else if (!polls(elt)) failed(xhr, elt);
  });
  ["htmx:sendError", "htmx:timeout"].forEach((name) => {
    document.addEventListener(name, ({ detail }) => {
      if (polls(detail.elt)) connection(true);
      else failed(detail.xhr, detail.elt);
    });
  });

  function failed(xhr, elt) {
    if (isPreview(elt)) outdate(elt);
    if (xhr.status === 422) return; // the form says what is wrong
    if ((xhr.getResponseHeader("HX-Trigger") || "").includes("desk:refused")) return; // said below
    if (xhr.status === 403) toast("You may not do that, or this page was open too long.", "error");
    else if (xhr.status === 404) toast("That is no longer there. Reload the page.", "error");
    else if (xhr.status === 429) toast("Too many requests. Wait a moment.", "warning");
    else if (!isPreview(elt)) toast("No answer came. Reload the page to see what became of it.", "error");
  }

  // ---- the cost beside an order form ---------------------------------------------------------

  const isPreview = (element) => element.id === "order-preview";

  // The browser fills a form in again after its page was drawn, when somebody goes back to it.
  window.addEventListener("pageshow", () => {
    const preview = one("#order-preview");
    if (preview && hasTyped()) preview.dispatchEvent(new Event("input"));
  });

  // What stands there was said of other values; the next answer takes the note away.
  function outdate(preview) {
    if (preview.classList.contains("is-outdated")) return;
    preview.classList.add("is-outdated");
    const note = document.createElement("div");
    note.className = "card-body text-warning fw-medium";
    note.textContent = 
      "This was said before your last change, and could not be asked again. What you typed is still there.";
    preview.prepend(note);
  }

  // ---- what was typed outlives the session ----------------------------------------------------

  document.addEventListener("desk:refused", ({ detail }) => {
    if (detail.token) renew(detail.token);
    toast(detail.text, "error");
  });

  // Whoever logged in again in another tab presses the same button again, with nothing retyped.
  function renew(token) {
    all("input[name=csrfmiddlewaretoken]").forEach((input) => { input.value = token; });
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  }

  function isTyped(field) {
    if (field.type === "hidden" || field.type === "submit") return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (!field.options) return "defaultValue" in field && field.value !== field.defaultValue;
    const drawn = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(drawn, 0);
  }

  const hasTyped = () => all("form").some((form) => isPost(form) && [...form.elements].some(isTyped));
  let told = false;

  // A live part would take the page to the log-in, and what is typed on it away.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const away = event.detail.xhr.getResponseHeader("HX-Redirect") || "";
    if (!away.startsWith("/log-in/") || !hasTyped()) return;
    event.preventDefault();
    if (!told) toast("Your session has ended. What you typed is kept: send it, then log in.", "warning");
    told = true;
  });

  window.addEventListener("offline", () => connection(true));

  // ---- moments in words ---------------------------------------------------------------------

  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

  function ago(moment) {
    const seconds = Math.trunc((Date.now() - Date.parse(moment)) / 1000);
    const distance = Math.abs(seconds);
    if (distance < 10) return "just now";
    if (distance >= 86400) {
      // As the server writes it, in the desk's own time zone: read off the text, not the browser.
      const [, y, m, d, t] = moment.match(/^(\d+)-(\d\d)-(\d\d)T(\d\d:\d\d)/);
      const sameYear = Number(y) === new Date().getFullYear();
      return `${MONTHS[m - 1]} ${d}, ${sameYear ? t : y}`;
    }
    const [size, unit] = [[3600, "h"], [60, "min"], [1, "s"]].find(([step]) => distance >= step);
    const words = `${Math.floor(distance / size)} ${unit}`;
    return seconds < 0 ? `in ${words}` : `${words} ago`;
  }

  // What is still to be done was never "just now".
  const until = (moment) =>
    Date.parse(moment) - Date.now() < 10000 ? "in a few seconds" : ago(moment);

  function refreshMoments() {
    all("time[data-when]").forEach((time) => {
      const words = time.dataset.when === "due" ? until(time.dateTime) : ago(time.dateTime);
      if (time.textContent !== words) time.textContent = words;
    });
  }
  setInterval(refreshMoments, 15000);

  // ---- a mistake somebody is mending ---------------------------------------------------------

  // What was said of the old value says nothing of the new one; the server judges it again.
  document.addEventListener("input", ({ target }) => forgive(target));

  function forgive(target) {
    if (target.getAttribute?.("aria-invalid") !== "true") return;
    target.removeAttribute("aria-invalid");
    target.classList.remove("is-invalid");
    const describes = (target.getAttribute("aria-describedby") || "").split(/\s+/);
    const said = describes.filter((id) =>
      document.getElementById(id)?.classList.contains("invalid-feedback"),
    );
    said.forEach((id) => document.getElementById(id).remove());
    const rest = describes.filter((id) => id && !said.includes(id));
    if (rest.length) target.setAttribute("aria-describedby", rest.join(" "));
    else target.removeAttribute("aria-describedby");
  }

  // ---- small conveniences -------------------------------------------------------------------

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const { copy, copyFrom } = button.dataset;
    try {
      await navigator.clipboard.writeText(copy ?? one(copyFrom).textContent);
      toast("Copied.", "success");
    } catch {
      toast("The browser did not let us copy. Select the text and copy it yourself.", "warning");
    }
  });

  function countTicked() {
    all("[data-ticked]").forEach((badge) => {
      const ticked = all(badge.dataset.ticked).filter((box) => box.checked).length;
      badge.textContent = ticked;
      badge.hidden = !ticked;
    });
  }
  document.addEventListener("desk:checked", countTicked);
  document.addEventListener("change", countTicked);
  window.addEventListener("pageshow", countTicked);

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-check-all]")) {
      all(event.target.dataset.checkAll).forEach((box) => {
        if (!box.disabled) box.checked = event.target.checked;
      });
      document.dispatchEvent(new Event("desk:checked"));
    } else if (event.target.matches("[data-submit-on-change]")) {
      event.target.form?.requestSubmit();
    }
  });

  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-confirm]");
    if (asked && !window.confirm(asked.dataset.confirm)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  // ---- chart --------------------------------------------------------------------------------

  const color = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const charts = new Map();

  function axis(position, title) {
    return {
      position,
      beginAtZero: true,
      border: { display: false },
      grid: position === "left" ? { color: color("--desk-grid") } : { display: false },
      ticks: { color: color("--desk-muted"), precision: 0, maxTicksLimit: 7 },
      title: { display: false, text: title },
    };
  }

  function settings(read) {
    const line = color("--desk-chart-line");
    const bars = read.spend.map((series, index) => ({
      type: "bar",
      label: `Spend, ${series.currency}`,
      data: series.amounts,
      backgroundColor: color(index ? "--desk-chart-bar-other" : "--desk-chart-bar"),
      borderRadius: 3,
      maxBarThickness: 16,
      yAxisID: "spend",
      order: 2,
    }));
    const orders = {
      type: "line",
      label: "Orders",
      data: read.orders,
      borderColor: line,
      backgroundColor: color("--desk-chart-fill"),
      fill: true,
      tension: 0.35,
      cubicInterpolationMode: "monotone",
      pointRadius: 0,
      pointHoverRadius: 4,
      borderWidth: 2,
      yAxisID: "orders",
      order: 1,
    };
    const text = { color: color("--desk-muted") };
    return {
      data: { labels: read.days, datasets: [orders, ...bars] },
      options: {
        responsive: true,
        maintainAspectRatio: false,
        animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 400 },
        interaction: { mode: "index", intersect: false },
        plugins: {
          legend: {
            align: "end",
            labels: { ...text, usePointStyle: true, pointStyle: "circle", boxHeight: 6, boxWidth: 6 },
          },
        },
        scales: {
          x: { grid: { display: false }, ticks: { ...text, maxRotation: 0, autoSkipPadding: 24 } },
          orders: axis("left", "Orders"),
          spend: { ...axis("right", "Spend"), display: read.spend.length > 0 },
        },
      },
    };
  }

  function drawCharts() {
    if (!window.Chart) return;
    window.Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    all("canvas[data-chart]").forEach((canvas) => {
      charts.get(canvas)?.destroy();
      charts.set(canvas, new window.Chart(canvas, settings(JSON.parse(canvas.dataset.chart))));
    });
    for (const [canvas, chart] of charts) {
      if (!canvas.isConnected) {
        chart.destroy();
        charts.delete(canvas);
      }
    }
  }

  document.addEventListener("desk:theme", drawCharts);
  document.addEventListener("htmx:afterSettle", (event) => {
    refreshMoments();
    countTicked();
    if (event.target instanceof Element && one("canvas[data-chart]", event.target)) drawCharts();
  });
  drawCharts();
})();
