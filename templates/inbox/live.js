// Puts new arrivals into the list as they come. Without it, the page is as it was when it was loaded.
"use strict";

(() => {
  const rows = document.getElementById("rows");
  const news = document.getElementById("news");
  let isLoading = false;
  let isStale = false;

  // Rows are escaped by the server, and the policy of the page lets no script or style of theirs run.
  const replace = (html) => {
    const focused = rows.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    rows.innerHTML = html;
    if (focused) rows.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  };

  const load = async () => {
    if (isLoading) {
      isStale = true;
      return;
    }
    isLoading = true;
    try {
      do {
        isStale = false;
        const answer = await fetch("/rows", { cache: "no-store" });
        if (answer.ok) replace(await answer.text());
      } while (isStale);
    } catch {
      news.textContent = "The inbox does not answer; the list is as it was.";
    } finally {
      isLoading = false;
    }
  };

  const events = new EventSource("/events");
  let wasLost = false;
  events.onmessage = (event) => {
    news.textContent = `Document ${event.data} has arrived.`;
    load();
  };
  events.onerror = () => {
    wasLost = true;
    news.textContent = "The inbox is closed; the list is as it was.";
  };
  events.onopen = () => {
    if (wasLost) {
      news.textContent = "";
      load();
    }
    wasLost = false;
  };
})();
