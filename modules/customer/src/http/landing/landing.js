// Shows the invite from the link's fragment: a code that can be copied where the page has a place for one, and the way
// into the app. The fragment never leaves this page.
"use strict";

const invite = document.getElementById("invite");
const part = (id) => document.getElementById(id);
// Crockford base32 in either case, as people may have typed it.
const CODE = new RegExp(`^#(${invite.dataset.code})$`, "i");

function showCode(code) {
  if (part("code")) {
    part("code").textContent = code;
  }
  part("open").href = `${invite.dataset.scheme}://${invite.dataset.path}#${code}`;
  if (invite.dataset.store.startsWith("https://")) {
    part("store").href = invite.dataset.store;
    part("get-app").hidden = false;
  }
  part("ready").hidden = false;
}

async function copyCode() {
  const code = part("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    part("copied").textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(code);
    part("copied").textContent = "Selected: copy it with your device's own command.";
  }
}

function show() {
  const found = CODE.exec(location.hash);
  part("ready").hidden = true;
  part("broken").hidden = Boolean(found);
  if (part("copied")) {
    part("copied").textContent = "";
  }
  if (found) {
    showCode(found[1]);
  }
}

part("copy")?.addEventListener("click", copyCode);
addEventListener("hashchange", show);
show();
