// The picture, or the frames of a clip: chosen, dropped, pasted, photographed or drawn by the server.

import { MOST, fromDataURL, prepare } from "./pictures.js";
import { element } from "./cards.js";
import * as server from "./server.js";

const $ = (id) => document.getElementById(id);

export class PicturePanel {
  /// `guarded` runs what may fail at the server, and shows why.
  constructor(guarded) {
    this.pictures = [];
    this.guarded = guarded;
    this.chooseFiles();
    this.dropAndPaste();
    this.drawScenes();
    $("remove").addEventListener("click", () => {
      this.show([]);
      $("file").focus();
    });
  }

  /// Shows these pictures, and says what is worth saying of them.
  show(pictures, { caption = "", truth = "", note = "" } = {}) {
    this.pictures = pictures;
    const frames = pictures.map(({ url, name, width, height }, index) => {
      const image = element("img");
      Object.assign(image, { src: url, alt: pictures.length > 1 ? `Frame ${index + 1}: ${name}` : name, width, height });
      return image;
    });
    $("frames").replaceChildren(...frames);
    $("frames").dataset.count = pictures.length;
    $("empty").hidden = pictures.length > 0;
    $("shown").hidden = pictures.length === 0;
    $("remove").hidden = pictures.length === 0;
    const [first] = pictures;
    $("picture-caption").textContent = caption || (pictures.length > 1 ? `A clip of ${pictures.length} frames` : first ? `${first.name}, ${first.width} × ${first.height}` : "");
    $("truth").hidden = truth === "";
    $("truth").open = false;
    $("truth-text").textContent = truth;
    this.say([...pictures.map((one) => one.note), note].filter(Boolean).join(" "));
  }

  say(text, isError = false) {
    $("picture-note").textContent = text;
    $("picture-note").classList.toggle("bad", isError);
  }

  async take(files) {
    const list = [...files].filter((file) => file.type.startsWith("image/") || /\.(jpe?g|png|webp|gif|heic|avif|bmp)$/i.test(file.name ?? ""));
    if (!list.length) return this.say(files.length ? "That is no picture. Choose a JPEG, PNG, WebP or GIF file." : "", true);
    this.say("Reading the picture…");
    try {
      const kept = list.sort((a, b) => (a.name ?? "").localeCompare(b.name ?? "", undefined, { numeric: true })).slice(0, MOST);
      const pictures = [];
      for (const file of kept) pictures.push(await prepare(file));
      this.show(pictures, { note: list.length > MOST ? `A clip has at most ${MOST} frames, so the first ${MOST} of ${list.length} pictures are taken.` : "" });
    } catch (error) {
      this.say(error.message, true);
    }
  }

  chooseFiles() {
    for (const input of [$("file"), $("photo")]) {
      input.addEventListener("change", async () => {
        await this.take(input.files);
        // The same file may be chosen again.
        input.value = "";
      });
    }
  }

  dropAndPaste() {
    const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    let depth = 0;
    const mark = (change) => {
      depth = Math.max(0, depth + change);
      $("drop").classList.toggle("over", depth > 0);
    };
    document.addEventListener("dragenter", (event) => { if (hasFiles(event)) mark(1); });
    document.addEventListener("dragleave", (event) => { if (hasFiles(event)) mark(-1); });
    document.addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
    document.addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      mark(-depth);
      this.take(event.dataTransfer.files);
    });
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      this.take(files);
    });
  }

  drawScenes() {
    $("scene").addEventListener("submit", (event) => {
      event.preventDefault();
      this.drawScene();
    });
    $("another").addEventListener("click", () => {
      $("seed").value = crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
      this.drawScene();
    });
  }

  drawScene() {
    const seed = $("seed").valueAsNumber;
    if (!Number.isSafeInteger(seed) || seed < 0) {
      this.say("A scene's number is a whole number from 0.", true);
      return $("seed").focus();
    }
    const clip = $("clip").checked;
    return this.guarded(async () => {
      const made = await server.scene(seed, clip);
      const urls = made.frames ?? [made.image];
      const pictures = [];
      for (const [index, url] of urls.entries()) {
        pictures.push(await fromDataURL(url, urls.length > 1 ? `scene-${seed}-${index + 1}.png` : `scene-${seed}.png`));
      }
      this.show(pictures, { caption: clip ? `Scene ${seed}, a clip of ${pictures.length} frames` : `Scene ${seed}`, truth: made.description ?? "" });
    }, () => this.drawScene());
  }
}
