// What a page does beyond its forms: waits for a confirmation, keeps the wall alive. Everything works without it.
"use strict";
(() => {
  const awaited = document.querySelector("form[data-await]");
  if (awaited) {
    const look = async () => {
      try {
        const answer = await fetch(awaited.dataset.await, { cache: "no-store" });
        if ((await answer.json()).confirmed) return awaited.requestSubmit();
      } catch { /* the next look comes */ }
      setTimeout(look, 1500);
    };
    setTimeout(look, 1500);
  }

  const wall = document.getElementById("wall");
  if (wall && window.EventSource) {
    const said = document.getElementById("stream");
    const state = words => { if (said && said.textContent !== words) said.textContent = words; };
    let loading = false, loaded = -Infinity;
    const reload = async () => {
      if (loading || performance.now() - loaded < 3000) return;
      loading = true;
      loaded = performance.now();
      try {
        const answer = await fetch("/", { cache: "no-store", redirect: "manual" });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const plain of page.querySelectorAll("noscript")) plain.remove();
        const kept = new Map([...wall.querySelectorAll(".tile")].map(tile => [tile.dataset.id, tile.querySelector("img")]));
        wall.replaceChildren(...page.getElementById("wall").children);
        for (const tile of wall.querySelectorAll(".tile")) {
          const before = kept.get(tile.dataset.id);
          if (before) tile.querySelector(".screen").replaceChildren(before);
        }
        document.getElementById("count").textContent = page.getElementById("count").textContent;
      } finally { loading = false; }
    };
    const stream = new EventSource(wall.dataset.stream);
    stream.addEventListener("open", () => state("live"));
    stream.addEventListener("error", () => state(stream.readyState === EventSource.CLOSED ? "ended: load the page anew" : "reconnecting"));
    stream.addEventListener("over", () => { stream.close(); location.reload(); });
    stream.addEventListener("wall", event => {
      const rows = JSON.parse(event.data);
      const tiles = new Map([...wall.querySelectorAll(".tile")].map(tile => [tile.dataset.id, tile]));
      const differs = (tile, look) => tile === undefined || (tile.dataset.look !== undefined && tile.dataset.look !== look);
      const changed = rows.some(row => differs(tiles.get(row.id), row.look));
      if (changed || rows.length < tiles.size) reload();
      for (const row of rows) {
        const tile = tiles.get(row.id);
        if (!tile) continue;
        tile.dataset.look = row.look;
        const idle = tile.querySelector('[data-part="idle"]');
        if (idle && idle.textContent !== row.idle) idle.textContent = row.idle;
      }
    });
    stream.addEventListener("screen", event => {
      const { id, svg } = JSON.parse(event.data);
      const screen = wall.querySelector(`.tile[data-id="${CSS.escape(id)}"] .screen`);
      if (!screen) return;
      let picture = screen.querySelector("img");
      if (!picture) {
        picture = document.createElement("img");
        picture.alt = "";
        screen.replaceChildren(picture);
      }
      picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg);
    });
  }
})();
