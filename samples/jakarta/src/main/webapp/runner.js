"use strict";

const element = (id) => document.getElementById(id);

let running = null;

function show(text, kind) {
  const part = document.createElement("span");
  part.className = kind;
  // Never as HTML: it is a stranger's.
  part.textContent = text;
  element("output").append(part);
}

function end(text, kind) {
  element("result").className = kind;
  element("result").textContent = text;
}

function describe(result) {
  const parts = [result.reason];
  if ("exitCode" in result) parts.push(`exit code ${result.exitCode}`);
  if ("signal" in result) parts.push(`signal ${result.signal}`);
  if ("wallMillis" in result) parts.push(`${result.wallMillis} ms`);
  if ("cpuMillis" in result) parts.push(`${result.cpuMillis} ms of processor time`);
  if ("peakMemory" in result) parts.push(`${Math.ceil(result.peakMemory / 1024)} KiB of memory`);
  return parts.join(", ");
}

function handle(event, data) {
  switch (event) {
    case "started":
      running = data.id;
      element("cancel").disabled = false;
      break;
    case "stdout":
    case "stderr":
      show(data, event);
      break;
    case "result":
      end(describe(data), "result");
      break;
    case "error":
      end(data.error, "error");
      break;
  }
}

// Server-sent events; EventSource itself can only GET.
async function follow(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const text of events) {
      const found = /^event: (\w+)\ndata: (.*)$/.exec(text);
      if (found) handle(found[1], JSON.parse(found[2]));
    }
  }
}

async function run() {
  const seconds = encodeURIComponent(element("seconds").value);
  const response = await fetch(`api/runs?seconds=${seconds}`, {
    method: "POST",
    headers: { "Content-Type": element("language").value },
    body: element("program").value,
  });
  if (response.ok) {
    await follow(response.body);
  } else {
    const json = response.headers.get("Content-Type")?.startsWith("application/json");
    throw new Error(json ? (await response.json()).error : `the server answered ${response.status}`);
  }
}

element("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  element("output").replaceChildren();
  end("running", "");
  element("run").disabled = true;
  try {
    await run();
    if (element("result").textContent === "running") end("the server has gone away", "error");
  } catch (e) {
    end(e.message, "error");
  } finally {
    running = null;
    element("run").disabled = false;
    element("cancel").disabled = true;
  }
});

element("cancel").addEventListener("click", () => {
  if (running) fetch(`api/runs/${running}`, { method: "DELETE" });
});
