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
    const pictures = new Map();  // the newest of each session: one may come before its tile does
    const draw = tile => {
      const source = tile && pictures.get(tile.dataset.id);
      if (!source) return;
      let picture = tile.querySelector(".screen > img");
      if (!picture) {
        picture = document.createElement("img");
        picture.alt = "";
        tile.querySelector(".screen").replaceChildren(picture);
      }
      picture.src = source;
    };
    let due = false, loaded = -Infinity;
    const reload = () => {  // at once, or when the last time is three seconds ago; never left undone
      if (due) return;
      due = true;
      setTimeout(renew, Math.max(0, loaded + 3000 - performance.now()));
    };
    const renew = async () => {
      due = false;
      loaded = performance.now();
      try {
        const answer = await fetch("/", { cache: "no-store", redirect: "manual", headers: { "X-Follows": "1" } });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const plain of page.querySelectorAll("noscript")) plain.remove();
        wall.replaceChildren(...page.getElementById("wall").children);
        for (const tile of wall.querySelectorAll(".tile")) draw(tile);
        document.getElementById("count").textContent = page.getElementById("count").textContent;
      } catch { reload(); }
    };
    const stream = new EventSource(wall.dataset.stream);
    stream.addEventListener("open", () => state("live"));
    stream.addEventListener("error", () => state(stream.readyState === EventSource.CLOSED ? "ended: load the page anew" : "reconnecting"));
    stream.addEventListener("over", () => { stream.close(); location.reload(); });
    stream.addEventListener("wall", event => {
      const rows = JSON.parse(event.data);
      const here = new Set(rows.map(row => row.id));
      for (const id of pictures.keys()) if (!here.has(id)) pictures.delete(id);
      const tiles = new Map([...wall.querySelectorAll(".tile")].map(tile => [tile.dataset.id, tile]));
      const differs = (tile, look) => tile === undefined || (tile.dataset.look !== undefined && tile.dataset.look !== look);
      const changed = rows.some(row => differs(tiles.get(row.id), row.look));
      if (changed || rows.length < tiles.size) reload();
      for (const row of rows) {
        const tile = tiles.get(row.id);
        if (!tile) continue;
        tile.dataset.look ??= row.look;
        const idle = tile.querySelector('[data-part="idle"]');
        if (idle && idle.textContent !== row.idle) idle.textContent = row.idle;
      }
    });
    stream.addEventListener("screen", event => {
      const { id, svg } = JSON.parse(event.data);
      pictures.set(id, "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg));
      draw(wall.querySelector(`.tile[data-id="${CSS.escape(id)}"]`));
    });
  }
})();
