// The page: puts the panels together, asks, and shows what comes.

import { Card, copied, element } from "./cards.js";
import { ErrorPanel } from "./error-panel.js";
import * as history from "./history.js";
import { PicturePanel } from "./picture-panel.js";
import { dataURL, thumbnail } from "./pictures.js";
import { Question } from "./question.js";
import * as server from "./server.js";
import { snippet } from "./snippets.js";

const $ = (id) => document.getElementById(id);
const errors = new ErrorPanel();
const question = new Question();
const panel = new PicturePanel(guarded);
/// Ends what is being asked; null when nothing is.
let running = null;
/// What was asked last, for the code.
let asked = null;

// --- the server's state -------------------------------------------------------------------------------------------------

const STATES = { ready: "Ready", loading: "Loading the model…", away: "The server does not answer" };

async function watch() {
  const state = await server.health();
  if ($("health").dataset.state !== state) {
    $("health").dataset.state = state;
    $("health-text").textContent = STATES[state];
  }
  if (state === "ready" && !$("model").options.length) await guarded(listModels, listModels);
  setTimeout(watch, state === "ready" ? 15_000 : 2_000);
}

async function listModels() {
  const found = await server.models();
  $("model").replaceChildren(...found.map(({ id }) => {
    const option = element("option", "", id);
    option.value = id;
    return option;
  }));
}

/// Runs what may fail; asks for a key where one is missing, and shows every other reason.
async function guarded(work, again) {
  try {
    await work();
  } catch (error) {
    if (error.name === "AbortError") return;
    if (error.status === 401) return askForKey(again);
    errors.show(error, again);
  }
}

function askForKey(again) {
  // A link carries no key.
  $("interface").hidden = true;
  const dialog = $("key-dialog");
  $("key-why").textContent = server.hasKey()
    ? "The key was not accepted. Whoever runs the server knows the right one."
    : "Whoever runs it has given it one. It is kept in this tab until that is closed.";
  $("key").value = "";
  dialog.onclose = async () => {
    if (dialog.returnValue !== "use" || !$("key").value) return;
    server.useKey($("key").value);
    $("key").value = "";
    if (!$("model").options.length) await guarded(listModels, listModels);
    if (again !== listModels) again?.();
  };
  dialog.returnValue = "";
  if (!dialog.open) dialog.showModal();
}

// --- asking -------------------------------------------------------------------------------------------------------------

$("key-cancel").addEventListener("click", () => $("key-dialog").close(""));
$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!running) ask();
});
$("stop").addEventListener("click", () => running?.abort());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && running && !$("key-dialog").open) running.abort();
});

async function ask() {
  const objection = panel.pictures.length ? question.objection : { id: "file", text: "Choose a picture first, or draw a scene." };
  $("ask-note").textContent = objection?.text ?? "";
  if (objection) return $(objection.id).focus();
  errors.clear();

  const { mode, instructions, settings, candidates } = question;
  const pictures = panel.pictures;
  asked = { mode, instructions, settings, candidates, pictures, model: $("model").value };
  const cards = instructions.map((instruction) => new Card($("card"), instruction, pictures));
  $("cards").replaceChildren(...cards.map((card) => card.root));
  $("results-title").textContent = mode === "rank" ? "Ranking" : cards.length > 1 ? "Answers" : "Answer";
  $("results").hidden = false;
  $("spoken").replaceChildren();
  showCode();
  running = new AbortController();
  busy(true);
  $("results").scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });

  try {
    const urls = await Promise.all(pictures.map(({ blob }) => dataURL(blob)));
    const work = mode === "rank" ? [rank(cards[0], urls)] : cards.map((card, index) => answer(card, instructions[index], urls));
    // One that failed does not take the other's answer away.
    const outcomes = await Promise.allSettled(work);
    const failed = outcomes.find(({ status }) => status === "rejected")?.reason;
    const isWorthIt = outcomes.some(({ status }) => status === "fulfilled") || failed.name === "AbortError";
    if (isWorthIt && cards.some((card) => card.text)) await remember(cards);
    if (failed) throw failed;
  } catch (error) {
    const isStopped = error.name === "AbortError";
    for (const card of cards) if (card.root.getAttribute("aria-busy") === "true") card.end(isStopped ? "Stopped." : "");
    if (!cards.some((card) => card.text)) $("results").hidden = !isStopped;
    if (isStopped) speak("Stopped.");
    else await guarded(() => { throw error; }, ask);
  } finally {
    running = null;
    busy(false);
  }
}

async function answer(card, instruction, urls) {
  const { signal } = running;
  card.begin();
  const content = [...urls.map((url) => ({ type: "image_url", image_url: { url } })), { type: "text", text: instruction }];
  const body = { model: asked.model, messages: [{ role: "user", content }], ...asked.settings };
  const speaker = new Speaker();
  let reply;
  try {
    reply = await server.chat(body, {
      signal,
      onText: (piece) => {
        card.append(piece);
        speaker.hear(piece);
      },
    });
  } catch (error) {
    card.end(error.name === "AbortError" ? "Stopped." : card.text ? "Cut off." : "");
    throw error;
  }
  speaker.finish();
  card.end(reply.text === "" ? "The model said nothing." : reply.finish === "length" ? "Cut off where the limit of tokens ends." : "");
  card.timings(reply.timings, reply.usage);
  await look(card, instruction, reply.text, urls, signal);
}

async function rank(card, urls) {
  const { signal } = running;
  card.begin();
  card.state("Weighing the answers…");
  let reply;
  try {
    reply = await server.rank({ model: asked.model, image: urls[0], prompt: asked.instructions[0], candidates: asked.candidates }, signal);
  } catch (error) {
    card.end("");
    throw error;
  }
  card.rank(reply.candidates);
  card.end(urls.length > 1 ? "Ranked by the first frame alone." : "");
  speak(`Likeliest: ${reply.candidates[0].text}.`);
  card.timings(reply.timings, reply.usage);
  await look(card, asked.instructions[0], reply.candidates[0].text, urls, signal);
}

/// Where the model found what its answer rests on; an answer stands without it, so a failure is told under the picture.
async function look(card, instruction, text, urls, signal) {
  if (!$("heat").checked) return;
  card.lookNote("Looking…");
  try {
    const body = { model: asked.model, image: urls[0], prompt: instruction, answer: text, format: "png", overlay: false };
    const map = await server.heatmap(body, signal);
    card.map(map, urls.length > 1 ? "What the answer rests on in the first frame." : "What the answer rests on.");
  } catch (error) {
    card.lookNote(error.name === "AbortError" ? "" : `No heat map: ${error.detail || error.message}`);
  }
}

function busy(is) {
  $("stop").hidden = !is;
  $("send").setAttribute("aria-disabled", is ? "true" : "false");
}

// --- for ears -----------------------------------------------------------------------------------------------------------

function speak(text) { $("spoken").append(element("span", "", `${text} `)); }

/// Reads an answer out sentence by sentence: single words, as they come, would be stammered.
class Speaker {
  constructor() { this.waiting = ""; }

  hear(piece) {
    this.waiting += piece;
    const end = /^[\s\S]*[.!?\n](?=\s)/.exec(this.waiting);
    if (!end) return;
    speak(end[0].trim());
    this.waiting = this.waiting.slice(end[0].length);
  }

  finish() { if (this.waiting.trim()) speak(this.waiting.trim()); }
}

// --- code ---------------------------------------------------------------------------------------------------------------

const tabs = [...document.querySelectorAll("[role=tab]")];
let language = "curl";

function showCode() {
  if (!asked) return;
  const files = (asked.mode === "rank" ? asked.pictures.slice(0, 1) : asked.pictures).map(({ name, blob, note }) => ({
    // What was drawn anew here is not the file that lies on the disk.
    name: note ? `${name.replace(/\.[^.]*$/, "")}.jpg` : /\.\w+$/.test(name) ? name : `picture.${blob.type.slice(6)}`, type: blob.type,
  }));
  $("snippet").textContent = snippet(language, {
    kind: asked.mode === "rank" ? "rank" : "chat", model: asked.model, files, instruction: asked.instructions[0],
    candidates: asked.candidates, settings: asked.settings, asksKey: server.hasKey(),
  }, location.origin);
}

function choose(tab, takesFocus) {
  language = tab.dataset.language;
  for (const one of tabs) {
    one.setAttribute("aria-selected", one === tab ? "true" : "false");
    one.tabIndex = one === tab ? 0 : -1;
  }
  $("snippet").setAttribute("aria-labelledby", tab.id);
  if (takesFocus) tab.focus();
  showCode();
}

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(tab, false));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) choose(tabs[(index + step + tabs.length) % tabs.length], true);
  });
}

$("copy-code").addEventListener("click", async () => {
  $("copied").textContent = await copied($("snippet").textContent) ? "Copied." : "Copying is not allowed here; select the text instead.";
  setTimeout(() => { $("copied").textContent = ""; }, 3000);
});

// --- what was asked before ----------------------------------------------------------------------------------------------

async function remember(cards) {
  const { mode, instructions, candidates, pictures, model } = asked;
  history.add({ mode, instructions, candidates, answers: cards.map((card) => card.text), thumbnail: await thumbnail(pictures[0]), model }, pictures);
  showHistory();
}

function showHistory() {
  const entries = history.all();
  $("history-panel").hidden = entries.length === 0;
  $("history").replaceChildren(...entries.map((entry) => {
    const [item, button, image, words] = [element("li"), element("button", "past"), element("img"), element("span", "past-words")];
    button.type = "button";
    image.src = entry.thumbnail;
    image.alt = "";
    entry.instructions.forEach((instruction, index) => {
      words.append(element("span", "past-question", instruction), element("span", "past-answer", entry.answers[index] ?? ""));
    });
    button.append(image, words);
    button.addEventListener("click", () => recall(entry));
    item.append(button);
    return item;
  }));
}

function recall(entry) {
  question.setMode(entry.mode);
  $("instruction").value = entry.instructions[0];
  if (entry.mode === "compare") $("instruction-2").value = entry.instructions[1];
  if (entry.mode === "rank") $("candidates").value = entry.candidates.join("\n");
  const pictures = history.picturesOf(entry.id);
  if (pictures) panel.show(pictures);
  else panel.say("The page was loaded again since, so this picture is gone; its question is in the form.");
  $("instruction").focus();
}

$("clear-history").addEventListener("click", () => {
  history.clear();
  showHistory();
  $("instruction").focus();
});

// --- begin --------------------------------------------------------------------------------------------------------------

const theme = $("theme");
theme.value = document.documentElement.dataset.theme ?? "auto";
theme.addEventListener("change", () => {
  if (theme.value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
  try { localStorage.setItem("theme", theme.value); } catch { /* It holds until the page is closed, then. */ }
});

$("interface").hidden = server.hasKey();
showHistory();
watch();
