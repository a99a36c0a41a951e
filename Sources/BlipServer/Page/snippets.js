// The question on the page as a program that asks the same.
//
// `question` is {kind: "chat" | "rank", model, files: [{name, type}], instruction, candidates, settings, asksKey}; `settings` holds the fields of the
// request that are set, and nothing else.

/// Fields that the `openai` package knows; all others go into its `extra_body`.
const KNOWN = new Set(["temperature", "max_tokens", "seed"]);

export function snippet(language, question, origin) {
  return { curl, python, swift }[language](question, origin);
}

const pretty = (value) => JSON.stringify(value, null, 2);

// --- curl ---------------------------------------------------------------------------------------------------------------

function curl(question, origin) {
  const place = (index) => `@@${index}@@`;
  let body = pretty(question.kind === "rank"
    ? { model: question.model, image: place(0), prompt: question.instruction, candidates: question.candidates }
    : {
      model: question.model,
      messages: [{ role: "user", content: [...question.files.map((_, index) => imagePart(place(index))), textPart(question.instruction)] }],
      ...question.settings, stream: true,
    });
  // The shell looks into the text for these three, before the server sees it.
  body = body.replace(/[\\$`]/g, "\\$&");
  question.files.forEach(({ name, type }, index) => {
    body = body.replace(place(index), () => `data:${type};base64,$(base64 < ${shellWord(name)} | tr -d '\\n')`);
  });
  const lines = [`curl -sS${question.kind === "rank" ? "" : "N"} ${origin}/v1/${question.kind === "rank" ? "rank" : "chat/completions"} \\`];
  if (question.asksKey) lines.push(`  -H "Authorization: Bearer $INSTRUCTBLIP_API_KEY" \\`);
  lines.push(`  -H "Content-Type: application/json" --data-binary @- <<END_OF_QUESTION`, body, "END_OF_QUESTION");
  return lines.join("\n");
}

const imagePart = (url) => ({ type: "image_url", image_url: { url } });
const textPart = (text) => ({ type: "text", text });
const shellWord = (text) => /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

// --- Python -------------------------------------------------------------------------------------------------------------

function python(question, origin) {
  const lines = ["import base64"];
  if (question.asksKey) lines.push("import os");
  const key = question.asksKey ? 'os.environ["INSTRUCTBLIP_API_KEY"]' : '"none"';
  lines.push("", "from openai import OpenAI", "", `client = OpenAI(base_url=${JSON.stringify(`${origin}/v1`)}, api_key=${key})`, "", "",
    "def data_url(path, type):",
    "    with open(path, \"rb\") as file:",
    "        return f\"data:{type};base64,{base64.b64encode(file.read()).decode()}\"", "", "");
  const urls = question.files.map(({ name, type }) => `data_url(${JSON.stringify(name)}, ${JSON.stringify(type)})`);
  if (question.kind === "rank") {
    lines.push("ranking = client.post(\"/rank\", cast_to=object, body={",
      `    "model": ${JSON.stringify(question.model)},`,
      `    "image": ${urls[0]},`,
      `    "prompt": ${JSON.stringify(question.instruction)},`,
      `    "candidates": ${JSON.stringify(question.candidates).replaceAll('","', '", "')},`,
      "})",
      "for candidate in ranking[\"candidates\"]:",
      "    print(f\"{candidate['probability']:.3f}  {candidate['text']}\")");
    return lines.join("\n");
  }
  lines.push("stream = client.chat.completions.create(",
    `    model=${JSON.stringify(question.model)},`,
    "    messages=[{\"role\": \"user\", \"content\": [",
    ...urls.map((url) => `        {"type": "image_url", "image_url": {"url": ${url}}},`),
    `        {"type": "text", "text": ${JSON.stringify(question.instruction)}},`,
    "    ]}],");
  const others = [];
  for (const [name, value] of Object.entries(question.settings)) {
    if (KNOWN.has(name)) lines.push(`    ${name}=${JSON.stringify(value)},`);
    else others.push(`${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  }
  if (others.length) lines.push(`    extra_body={${others.join(", ")}},`);
  lines.push("    stream=True,", ")", "for chunk in stream:",
    "    if chunk.choices and chunk.choices[0].delta.content:",
    "        print(chunk.choices[0].delta.content, end=\"\", flush=True)", "print()");
  return lines.join("\n");
}

// --- Swift --------------------------------------------------------------------------------------------------------------

function swift(question) {
  const isBuiltIn = question.model === "scenes";
  const lines = ["import Blip", ...(isBuiltIn ? ["import BlipSceneModel"] : []), "import Foundation", ""];
  lines.push(isBuiltIn
    ? "let assistant = try await Assistant.open(SceneModel.folder())"
    : `let assistant = try await Assistant.open(URL(fileURLWithPath: ${swiftText(question.model)}))  // the checkpoint's folder`);
  const source = ({ name }) => `.file(URL(fileURLWithPath: ${swiftText(name)}))`;
  if (question.kind === "rank") {
    lines.push("let ranking = try await assistant.rank(",
      `    [${question.candidates.map(swiftText).join(", ")}], ${swiftText(question.instruction)},`,
      `    about: ${source(question.files[0])})`,
      "for candidate in ranking.candidates {", "    print(candidate.probability, candidate.text)", "}");
    return lines.join("\n");
  }
  const { preset, ...rest } = question.settings;
  lines.push(preset
    ? `var options = AnswerOptions(decoding: DecodingPreset.${preset}.options(isEncoderDecoder: try await assistant.isEncoderDecoder))`
    : "var options = AnswerOptions()");
  lines.push(...swiftOptions(rest));
  if (!lines.some((line) => line.startsWith("options."))) {
    const declared = lines.findIndex((line) => line.startsWith("var options"));
    lines[declared] = lines[declared].replace("var", "let");
  }
  const pictures = question.files.length === 1 ? source(question.files[0]) : `[\n    ${question.files.map(source).join(",\n    ")},\n]`;
  lines.push(`let answer = try await assistant.answer(${swiftText(question.instruction)}, about: ${pictures}, options)`, "print(answer.text)");
  return lines.join("\n");
}

function swiftOptions(settings) {
  const lines = [];
  if (settings.max_tokens !== undefined) lines.push(`options.decoding.maximumTokens = ${settings.max_tokens}`);
  if (settings.num_beams !== undefined) lines.push(`options.decoding.beams = ${settings.num_beams}`);
  if (settings.length_penalty !== undefined) lines.push(`options.decoding.lengthPenalty = ${settings.length_penalty}`);
  if (settings.repetition_penalty !== undefined) lines.push(`options.decoding.repetitionPenalty = ${settings.repetition_penalty}`);
  if (settings.temperature > 0) {
    const seed = settings.seed === undefined ? "" : `, seed: ${settings.seed}`;
    lines.push(`options.decoding.sampling = DecodingOptions.Sampling(temperature: ${settings.temperature}${seed})`);
  }
  return lines;
}

/// JSON's escapes are not all Swift's.
function swiftText(text) {
  const escapes = { "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0" };
  return `"${text.replace(/[\\"\n\r\t\0]/g, (found) => escapes[found])
    .replace(/[\u0001-\u001f\u007f\u2028\u2029]/g, (found) => `\\u{${found.charCodeAt(0).toString(16)}}`)}"`;
}
