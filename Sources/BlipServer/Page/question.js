// The form: what is asked, and how.

const $ = (id) => document.getElementById(id);

const PRESETS = {
  caption: "A short image description:",
  question: "Question: What color is the car? Short answer:",
  list: "What do you see in the picture? Describe everything.",
  read: "Question: What is written in the picture? Short answer:",
};
const SETTINGS = ["num_beams", "temperature", "max_tokens", "length_penalty", "repetition_penalty", "sample_seed"];

export class Question {
  constructor() {
    for (const chip of document.querySelectorAll("[data-preset]")) {
      chip.addEventListener("click", () => this.fill(PRESETS[chip.dataset.preset]));
    }
    for (const radio of document.querySelectorAll("[name=mode]")) radio.addEventListener("change", () => this.showMode());
    for (const id of ["preset", ...SETTINGS]) $(id).addEventListener("input", () => this.summarise());
    $("reset").addEventListener("click", () => {
      for (const id of ["preset", ...SETTINGS]) $(id).value = "";
      this.summarise();
    });
    for (const id of ["instruction", "instruction-2"]) {
      $(id).addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        $("ask").requestSubmit();
      });
    }
    this.showMode();
  }

  /// Puts words into the instruction; of a question the part to replace is selected.
  fill(text) {
    const field = $("instruction");
    field.value = text;
    field.focus();
    const inner = /^Question: (.*) Short answer:$/.exec(text);
    if (inner) field.setSelectionRange("Question: ".length, "Question: ".length + inner[1].length);
  }

  get mode() { return document.querySelector("[name=mode]:checked").value; }

  setMode(mode) {
    document.querySelector(`[name=mode][value=${mode}]`).checked = true;
    this.showMode();
  }

  showMode() {
    $("second").hidden = this.mode !== "compare";
    $("candidates-field").hidden = this.mode !== "rank";
    $("settings").hidden = this.mode === "rank";
    $("send").textContent = { ask: "Ask", compare: "Ask both", rank: "Rank" }[this.mode];
  }

  get instructions() {
    const fields = this.mode === "compare" ? ["instruction", "instruction-2"] : ["instruction"];
    return fields.map((id) => $(id).value.trim());
  }

  get candidates() { return [...new Set($("candidates").value.split("\n").map((line) => line.trim()).filter(Boolean))]; }

  /// The fields of a request that are set.
  get settings() {
    const found = {};
    if ($("preset").value) found.preset = $("preset").value;
    for (const id of SETTINGS) if ($(id).value !== "") found[id === "sample_seed" ? "seed" : id] = $(id).valueAsNumber;
    // Servers of this interface draw words by chance unless they are told not to.
    if (!found.preset && found.temperature === undefined) found.temperature = 0;
    return found;
  }

  /// What is wrong with the form, and where; null if nothing is.
  get objection() {
    if (this.instructions[0] === "") return { id: "instruction", text: "Write an instruction first." };
    if (this.mode === "compare" && this.instructions[1] === "") return { id: "instruction-2", text: "Write the second instruction." };
    if (this.mode === "rank") {
      if (this.candidates.length < 2) return { id: "candidates", text: "Write at least two possible answers, one a line." };
      return null;
    }
    for (const id of SETTINGS) {
      const field = $(id);
      if (!field.checkValidity()) {
        const name = field.labels[0].textContent.trim();
        $("settings").open = true;
        return { id, text: `${name} must be between ${field.min} and ${field.max}.` };
      }
    }
    return null;
  }

  summarise() {
    const set = Object.keys(this.settings).filter((name) => name !== "temperature" || $("temperature").value !== "").length;
    $("settings-summary").textContent = set ? `${set} changed` : "";
  }
}
