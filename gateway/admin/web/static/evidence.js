// Checks and plays one recording, from this file alone: no server, no network.
// Every step is the one docs/pamrec.rst describes. What is played was decrypted from the bytes that were checked.
"use strict";
(async function () {
  const evidence = JSON.parse(document.getElementById("evidence").textContent);
  const page = JSON.parse(document.getElementById("page").textContent);
  const bytes = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
  const hex = (buffer) => Array.from(new Uint8Array(buffer), (each) => each.toString(16).padStart(2, "0")).join("");
  const text = (string) => new TextEncoder().encode(string);
  const sha256 = (data) => crypto.subtle.digest("SHA-256", data);
  const stored = (base64) => Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
  const put = (id, words) => { document.getElementById(id).textContent = words; };

  function verdict(kind, words) {
    const shown = document.getElementById("verdict");
    shown.className = kind;
    shown.textContent = { ok: "\u2714 OK: ", bad: "\u2718 BAD: ", open: "\u25cf UNSEALED: ", part: "\u25cf NOT CHECKED: " }[kind] + words;
  }

  class Altered extends Error {}
  const must = (truth, words) => { if (!truth) throw new Altered(words); };

  async function signed() {
    const manifest = JSON.parse(evidence.manifest);
    must(JSON.stringify(JSON.parse(evidence.opening)) === JSON.stringify(manifest.opening), "the opening is not the one that was signed");
    const policy = manifest.opening.policy;
    must(hex(await sha256(text(policy.canonical))) === policy.digest, "the policy does not have the digest it names");
    const id = hex(await sha256(bytes(evidence.public_key))).slice(0, 16);
    must(evidence.key_id === "ed25519:" + id, "the public key is not the one that is named");
    let key = null;
    try {
      key = await crypto.subtle.importKey("raw", bytes(evidence.public_key), { name: "Ed25519" }, false, ["verify"]);
    } catch (error) {
      return { manifest, checked: false };
    }
    const message = text(evidence.signed_as + evidence.manifest);
    must(await crypto.subtle.verify("Ed25519", key, bytes(evidence.signature), message), "the signature does not fit");
    return { manifest, checked: true };
  }

  async function derived(purpose) {
    const key = await crypto.subtle.importKey("raw", bytes(evidence.key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const made = await crypto.subtle.sign("HMAC", key, text("pamrec/1 " + purpose));
    return crypto.subtle.importKey("raw", made, "AES-GCM", false, ["decrypt"]);
  }

  // Follows one track's chain; returns its events, all of them from frames that were checked.
  async function track(each, manifest, cipher) {
    const data = stored(each.stored), view = new DataView(data.buffer);
    const name = "track " + each.channel;
    const row = manifest.tracks.find((known) => known.channel === each.channel);
    must(row && row.root, name + " is not in the manifest");
    let offset = data.indexOf(10) + 1;
    must(offset > 0, name + " has no header");
    const header = JSON.parse(new TextDecoder().decode(data.subarray(0, offset)));
    must(header.opening === hex(await sha256(text(evidence.opening + "\n"))), name + " belongs to another recording");
    let link = await sha256(data.subarray(0, offset)), frames = 0;
    const events = [];
    while (offset < data.length) {
      const at = " frame " + frames;
      must(offset + 84 <= data.length && view.getUint32(offset) === 0x50524631, name + at + ": its head was altered");
      const length = view.getUint32(offset + 32), head = data.subarray(offset, offset + 84);
      must(view.getUint32(offset + 4) === frames, name + at + " stands elsewhere");
      must(hex(head.slice(48, 80)) === hex(link), name + at + ": the chain is broken");
      const sealed = data.subarray(offset + 84, offset + 84 + length);
      must(sealed.length === length, name + at + " was cut");
      link = await sha256(data.subarray(offset, offset + 84 + length));
      const how = { name: "AES-GCM", iv: head.slice(36, 48), additionalData: head };
      let plain = null;
      try {
        plain = fzstd.decompress(new Uint8Array(await crypto.subtle.decrypt(how, cipher, sealed)));
      } catch (error) {
        throw new Altered(name + at + ": its sealed bytes are not those that were recorded");
      }
      for (const event of JSON.parse(new TextDecoder().decode(plain)).events) events.push(event);
      offset += 84 + length;
      frames += 1;
    }
    must(hex(link) === row.root && frames === row.frames && data.length === row.stored, name + ": not the bytes that were signed");
    must(events.length === row.events, name + ": events are missing");
    return events.sort((one, other) => one[0] - other[0]);
  }

  const whole = (words) => words.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");

  function cast(each, events) {
    const lines = [JSON.stringify({ version: 2, width: each.facts.cols || 80, height: each.facts.rows || 24 })];
    for (const [at, code, data] of events) {
      const shown = whole(each.kind === "pty" || code !== "o" ? data : data.replace(/\n/g, "\r\n"));
      if (code !== "x") lines.push(JSON.stringify([at, code, shown]));
    }
    return lines.join("\n");
  }

  let player = null;
  function play(each, events) {
    const place = document.getElementById("player");
    if (player) player.dispose();
    place.textContent = "";
    const markers = page.commands.filter((command) => command.rule).map((command) => [command.t, command.text]);
    player = AsciinemaPlayer.create({ data: cast(each, events) }, place, { idleTimeLimit: 2, markers, fit: "width" });
    document.body.dataset.playing = String(each.channel);
  }

  try {
    must(crypto.subtle, "this browser has no WebCrypto for local files");
    const { manifest, checked } = await signed();
    const cipher = await derived("frame"), buttons = document.getElementById("channels");
    let first = null;
    for (const each of evidence.tracks) {
      const events = await track(each, manifest, cipher);
      const button = document.createElement("button");
      button.textContent = "channel " + each.channel + " (" + each.kind + (each.facts.command ? ": " + each.facts.command : "") + ")";
      button.addEventListener("click", () => play(each, events));
      buttons.append(button);
      if (!first || (each.kind === "pty" && first[0].kind !== "pty")) first = [each, events];
    }
    const others = manifest.tracks.length - evidence.tracks.length;
    const left = others ? "; " + others + " more channels are not in this file" : "";
    const words = "every byte of " + evidence.tracks.length + " tracks is as signed by " + evidence.key_id + left;
    if (!checked) verdict("part", "this browser can not check Ed25519 signatures; the chain is unbroken, use another browser");
    else if (!manifest.sealed) verdict("open", "the recording was cut off at t=" + manifest.ended + " (" + manifest.reason + "); unaltered since");
    else verdict("ok", words);
    if (first) play(...first);
  } catch (error) {
    verdict("bad", error instanceof Altered ? error.message : "this file was altered: " + error);
  }
  for (const button of document.querySelectorAll("button[data-t]")) {
    button.addEventListener("click", () => { if (player) player.seek(Number(button.dataset.t)).then(() => player.play()); });
  }
  put("fingerprint", evidence.key_id);
})();
