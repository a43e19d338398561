"use strict";

const form = document.getElementById("setup");
const problem = document.getElementById("problem");
const button = form.querySelector("button");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = form.dataset.busy;
  button.disabled = true;
  try {
    const fields = Object.fromEntries(new FormData(form));
    if (!fields.username) delete fields.username;
    const answer = await fetch("/api/setup", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(fields),
    });
    const body = await answer.json();
    if (answer.ok) show(body);
    else problem.textContent = body.error.message;
  } catch {
    problem.textContent = form.dataset.failed;
  } finally {
    button.disabled = false;
  }
});

function show(signedIn) {
  form.remove();
  document.getElementById("done").hidden = false;
  if (!signedIn.first_key) return;
  document.getElementById("key").textContent = signedIn.first_key.secret;
  document.getElementById("first-key").hidden = false;
}
