// What was asked in this tab. Words and thumbnails are kept in sessionStorage, whole pictures only as long as the page is open.

const NAME = "history";
const MOST = 40;
const pictures = new Map();
let entries = read();

function read() {
  try {
    const found = JSON.parse(sessionStorage.getItem(NAME) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

function write() {
  while (true) {
    try {
      sessionStorage.setItem(NAME, JSON.stringify(entries));
      return;
    } catch {
      // The storage is full, or forbidden: then the oldest go.
      if (entries.length === 0) return;
      entries.pop();
    }
  }
}

export const all = () => entries;

/// `entry` is {mode, instructions, candidates, answers, thumbnail, model}; `shown` are the pictures, for asking again.
export function add(entry, shown) {
  const id = crypto.getRandomValues(new Uint32Array(2)).join("-");
  pictures.set(id, shown);
  entries = [{ ...entry, id, time: Date.now() }, ...entries].slice(0, MOST);
  const kept = new Set(entries.map((one) => one.id));
  for (const old of pictures.keys()) if (!kept.has(old)) pictures.delete(old);
  write();
}

/// The pictures of an entry; undefined when the page was loaded again since.
export const picturesOf = (id) => pictures.get(id);

export function clear() {
  entries = [];
  pictures.clear();
  write();
}
