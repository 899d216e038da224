// The player of a session's page: a recording that can be sought, or the live stream.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const stage = document.getElementById("stage");
  if (!stage || !window.AsciinemaPlayer) return;
  const steps = [...document.querySelectorAll("#timeline [data-marker]")];
  const markers = steps.map(step => [Number(step.dataset.t), step.dataset.marker.slice(0, 80)]);
  const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const looks = { fit: "width", terminalFontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"), cursorMode: quiet ? "steady" : "blinking", controls: true };
  if (stage.dataset.cast) {
    const asked = /^#t=([0-9.]+)$/.exec(location.hash);
    const player = AsciinemaPlayer.create(stage.dataset.cast, stage, { ...looks, markers, idleTimeLimit: 3, preload: true, startAt: asked ? Number(asked[1]) : 0, poster: asked ? undefined : "npt:0:01" });
    for (const button of document.querySelectorAll("[data-seek]")) {
      button.addEventListener("click", async () => {
        await player.seek(Number(button.dataset.seek));
        player.play();
        stage.scrollIntoView({ block: "nearest" });
      });
    }
  } else if (stage.dataset.live) {
    const said = document.getElementById("live-state");
    const state = words => { if (said) said.textContent = words; };
    const driver = ({ dispatch }) => {
      let stream, begun;
      return {
        play: () => {
          if (stream) return true;
          dispatch("play");
          stream = new EventSource(stage.dataset.live);
          stream.addEventListener("open", () => state("live"));
          stream.addEventListener("error", () => {
            if (stream.readyState === EventSource.CLOSED) return state("ended: load the page anew");
            state("reconnecting");
            dispatch("loading");
          });
          stream.addEventListener("screen", event => {
            const shown = JSON.parse(event.data);
            if (shown.init !== undefined) {
              begun = begun ?? performance.now();
              dispatch("reset", { size: { cols: shown.cols, rows: shown.rows }, init: shown.init });
              dispatch("playing");
            } else dispatch("output", shown.o);
          });
          stream.addEventListener("over", event => {
            stream.close();
            state(`${JSON.parse(event.data).words}: load the page anew to play the recording`);
            dispatch("ended", { message: JSON.parse(event.data).words });
          });
          return true;
        },
        stop: () => stream && stream.close(),
        getCurrentTime: () => begun === undefined ? undefined : (performance.now() - begun) / 1000,
      };
    };
    const renew = async () => {
      setTimeout(renew, 5000);
      if (document.hidden) return;
      const answer = await fetch(location.href, { cache: "no-store", redirect: "manual", headers: { "X-Follows": "1" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const place of ["#happened", "#state", "#channels"]) {
        const now = document.querySelector(place), then = page.querySelector(place);
        if (now && then && now.textContent !== then.textContent) now.replaceChildren(...then.children);
      }
    };
    setTimeout(renew, 5000);
    AsciinemaPlayer.create(driver, stage, { ...looks, autoPlay: true, controls: false });
  }
  const orders = document.querySelector("form[data-keys]");
  if (orders) addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea, .ap-player")) return;
    const wanted = { l: "lock", u: "unlock", k: "kill", m: "mark" }[event.key];
    const button = wanted && orders.querySelector(`button[value="${wanted}"]`);
    if (!button) return;
    event.preventDefault();
    const field = orders.elements.namedItem(wanted === "kill" ? "sure" : "reason");
    field.focus();
    field.addEventListener("keydown", pressed => {
      if (pressed.key === "Enter") { pressed.preventDefault(); orders.requestSubmit(button); }
    }, { once: false });
  });
});
