// What is asked of the server, and what it answers. Nothing here knows the page.

const KEY = "api-key";
let key = remembered();

function remembered() {
  try { return sessionStorage.getItem(KEY) ?? ""; } catch { return ""; }
}

export const hasKey = () => key !== "";

/// Keeps the key for this tab alone; an empty one forgets it.
export function useKey(text) {
  key = text.trim();
  try {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
  } catch { /* It lives as long as the page, then. */ }
}

/// A refusal, or a server that is not there, as one sentence.
export class ServerError extends Error {
  constructor(sentence, { status = 0, detail = "", retryAfter = null } = {}) {
    super(sentence);
    Object.assign(this, { status, detail, retryAfter });
  }
}

const SENTENCES = {
  400: "The server does not understand this question.",
  401: "The server asks for an API key.",
  403: "The server does not allow this.",
  404: "The server has no such model or function.",
  408: "The request took too long to arrive.",
  413: "This is too large for the server. Choose a smaller picture, or fewer.",
  415: "The server cannot read this picture. Choose a JPEG, PNG, WebP or GIF file.",
  422: "The server does not understand this question.",
  429: "The server is busy with other questions.",
  500: "Something went wrong in the server. It goes on; this question is lost.",
  501: "The server cannot do this.",
  502: "Something between this page and the server failed.",
  503: "The server is not ready: it is still loading the model, or it is closing.",
  504: "The answer took longer than the server allows.",
};

/// Statuses of errors that come when the answer has begun already, which have a code alone.
const CODES = { queue_full: 429, timeout: 504, draining: 503, loading: 503, model_unavailable: 503 };

export function sentence(status) {
  return SENTENCES[status] ?? (status >= 500 ? SENTENCES[500] : `The server refused with status ${status}.`);
}

/// Seconds of a Retry-After header, which may name a date too; null without one.
export function retrySeconds(header, now = Date.now()) {
  if (!header) return null;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : Math.ceil((Date.parse(header) - now) / 1000);
  return Number.isFinite(seconds) ? Math.max(0, Math.min(seconds, 3600)) : null;
}

async function refusal(response) {
  let detail = "";
  try {
    detail = (await response.json())?.error?.message ?? "";
  } catch { /* Whatever stands between may answer without JSON. */ }
  return new ServerError(sentence(response.status), {
    status: response.status, detail, retryAfter: retrySeconds(response.headers.get("Retry-After")),
  });
}

async function call(path, { body, signal } = {}) {
  const headers = {};
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method: body === undefined ? "GET" : "POST", headers, signal, cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("The server does not answer. Is it running, and is this computer connected?", { detail: error.message });
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

const json = async (path, options) => (await call(path, options)).json();

/// "ready", "loading" or "away".
export async function health() {
  try {
    const response = await fetch("/health", { cache: "no-store" });
    if (response.ok) return "ready";
    return response.status === 503 ? "loading" : "away";
  } catch {
    return "away";
  }
}

export const models = async () => (await json("/v1/models")).data;
export const scene = (seed, clip) => json("/v1/scene", { body: clip ? { seed, clip } : { seed } });
export const rank = (body, signal) => json("/v1/rank", { body, signal });
export const heatmap = async (body, signal) => (await call("/v1/heatmap", { body, signal })).blob();

/// Splits what has arrived of an event stream: the data of whole events, and the rest. Comments, which keep the connection alive, are passed over.
export function events(text) {
  const parts = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = parts.pop();
  const found = parts
    .map((part) => part.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).replace(/^ /, "")).join("\n"))
    .filter((data) => data !== "");
  return { found, rest };
}

/// Asks, and tells each piece of text as it comes.
///
/// Returns {text, finish, usage, timings}. A stream that ends before [DONE] is an error, as its answer may be cut off.
export async function chat(body, { signal, onText }) {
  const response = await call("/v1/chat/completions", { body: { ...body, stream: true, stream_options: { include_usage: true } }, signal });
  const answer = { text: "", finish: null, usage: null, timings: null };
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "", done = false;
  while (!done) {
    let chunk;
    try {
      chunk = await reader.read();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ServerError("The connection broke before the answer was complete.", { detail: error.message });
    }
    if (chunk.done) break;
    const { found, rest } = events(buffer + chunk.value);
    buffer = rest;
    for (const data of found) {
      if (data === "[DONE]") { done = true; break; }
      take(JSON.parse(data), answer, onText);
    }
  }
  if (!done) throw new ServerError("The connection broke before the answer was complete.");
  return answer;
}

function take(event, answer, onText) {
  if (event.error) {
    const status = CODES[event.error.code] ?? (Number(event.error.code) || 500);
    throw new ServerError(sentence(status), { status, detail: event.error.message ?? "" });
  }
  answer.usage = event.usage ?? answer.usage;
  answer.timings = event.timings ?? answer.timings;
  for (const choice of event.choices ?? []) {
    if (choice.index !== 0) continue;
    const piece = choice.delta?.content ?? "";
    answer.finish = choice.finish_reason ?? answer.finish;
    if (piece) {
      answer.text += piece;
      onText(piece);
    }
  }
}
