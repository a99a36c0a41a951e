// One card for each instruction: the picture with what the model looked at, the answer, and where the time went.

const STAGES = [
  ["queue_ms", "Waiting"], ["image_ms", "Picture"], ["vision_ms", "Image encoder"], ["qformer_ms", "Q-Former"],
  ["prompt_ms", "Reading the question"], ["predicted_ms", "Writing the answer"],
];

export class Card {
  constructor(template, instruction, pictures) {
    this.root = template.content.firstElementChild.cloneNode(true);
    this.part = (selector) => this.root.querySelector(selector);
    this.part("h3").textContent = instruction;
    this.part(".base").src = pictures[0].url;
    this.part(".base").alt = pictures.length === 1 ? "The picture asked about" : "The first frame of the clip asked about";
    this.text = "";
    const copy = this.part(".copy-answer");
    copy.addEventListener("click", async () => {
      copy.textContent = await copied(this.text) ? "Copied" : "Copying is not allowed here";
      setTimeout(() => { copy.textContent = "Copy the answer"; }, 2000);
    });
    const opacity = this.part(".opacity");
    opacity.addEventListener("input", () => { this.part(".map").style.opacity = opacity.value / 100; });
  }

  begin() {
    this.root.setAttribute("aria-busy", "true");
    this.part(".answer").classList.add("writing");
    this.state("Waiting for the first word…");
  }

  append(piece) {
    if (this.text === "") this.state("");
    this.text += piece;
    this.part(".answer").append(piece);
  }

  state(text) { this.part(".state").textContent = text; }

  /// The end, whatever came: `note` says how it ended, where that is worth saying.
  end(note) {
    this.root.setAttribute("aria-busy", "false");
    this.part(".answer").classList.remove("writing");
    this.state(note);
    this.part(".copy-answer").hidden = this.text === "";
  }

  map(blob, note) {
    const map = this.part(".map");
    map.src = URL.createObjectURL(blob);
    map.alt = "Where the model looked: warm places counted most";
    map.hidden = false;
    map.style.opacity = this.part(".opacity").value / 100;
    this.part(".look-tools").hidden = false;
    this.lookNote(note);
  }

  lookNote(text) { this.part(".look-note").textContent = text; }

  /// Candidates, best first, as bars.
  rank(candidates) {
    this.text = candidates[0]?.text ?? "";
    this.part(".answer").textContent = this.text;
    const list = document.createElement("ol");
    for (const { text, probability, logprob } of candidates) {
      const item = document.createElement("li");
      const [name, share, track, fill] = [element("span", "name", text), element("span", "share", percent(probability)), element("div", "track"), element("div", "fill")];
      fill.style.width = `${Math.max(0, Math.min(100, 100 * probability))}%`;
      track.setAttribute("aria-hidden", "true");
      track.append(fill);
      item.append(name, share, track);
      item.title = `log-probability ${logprob.toFixed(3)}`;
      list.append(item);
    }
    this.part(".bars").replaceChildren(list);
    this.part(".bars").hidden = false;
  }

  timings(timings, usage) {
    const stages = STAGES.map(([name, title], index) => ({ title, index, ms: Number(timings?.[name]) || 0 })).filter(({ ms }) => ms > 0);
    if (!stages.length) return;
    const all = stages.reduce((sum, { ms }) => sum + ms, 0);
    const [bar, list] = [this.part(".timings .bar"), this.part(".timings ul")];
    bar.replaceChildren(...stages.map(({ index, ms }) => {
      const segment = element("span", `stage-${index}`);
      segment.style.flexGrow = ms / all;
      return segment;
    }));
    const items = stages.map(({ title, index, ms }) => {
      const item = element("li");
      const swatch = element("span", `swatch stage-${index}`);
      swatch.setAttribute("aria-hidden", "true");
      item.append(swatch, `${title} `, element("b", "", duration(ms)));
      return item;
    });
    const facts = [`${duration(all)} in all`];
    if (timings.predicted_per_second > 0) facts.push(`${timings.predicted_per_second.toFixed(1)} tokens a second`);
    if (usage) facts.push(`${usage.prompt_tokens} tokens read, ${usage.completion_tokens} written`);
    items.push(element("li", "sum", facts.join(" · ")));
    list.replaceChildren(...items);
    this.part(".timings").hidden = false;
  }
}

export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/// Whether the text is in the clipboard now. Pages that did not come over HTTPS or from this computer have no clipboard of the new kind.
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", "visually-hidden", text);
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

const percent = (share) => share >= 0.0995 || share === 0 ? `${(100 * share).toFixed(0)} %` : share >= 0.001 ? `${(100 * share).toFixed(1)} %` : "< 0.1 %";
const duration = (ms) => ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : ms >= 10 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`;
