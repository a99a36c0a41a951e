// Files become pictures that are small enough to send, and data: URLs.

/// The longest side, in pixels, of a picture that was scaled down here.
export const LONGEST = 1568;
/// Larger files are scaled down before they are sent.
export const HEAVY = 4 << 20;
/// As many frames as a clip has.
export const MOST = 4;
const READABLE = new Set(["image/jpeg", "image/png", "image/webp", "image/gif"]);

/// A picture ready to send: {blob, url, name, width, height, note}. `url` is for showing it.
export async function prepare(file, name = file.name || "pasted picture") {
  const bitmap = await decode(file, name);
  const { width, height } = bitmap;
  const [isHeavy, isForeign] = [file.size > HEAVY, !READABLE.has(file.type)];
  if (!isHeavy && !isForeign) {
    bitmap.close();
    return picture(file, name, width, height, "");
  }
  const scale = isHeavy ? Math.min(1, LONGEST / Math.max(width, height)) : 1;
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const blob = await redraw(bitmap, w, h, "image/jpeg", 0.9);
  bitmap.close();
  const why = isHeavy ? `It has ${megabytes(file.size)}` : `The server does not read ${file.type || "such files"}`;
  const how = w === width ? "as a JPEG" : `scaled down from ${width} × ${height} to ${w} × ${h}`;
  return picture(blob, name, w, h, `${why}, so ${name} is sent ${how} (${megabytes(blob.size)}).`);
}

const picture = (blob, name, width, height, note) => ({ blob, name, width, height, note, url: URL.createObjectURL(blob) });

/// A data: URL as a picture.
export async function fromDataURL(url, name) {
  const [, type, text] = /^data:([^;,]+);base64,(.*)$/s.exec(url) ?? [];
  if (!type) throw new Error("The server sent a scene that is no picture.");
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return prepare(new File([bytes], name, { type }), name);
}

export function dataURL(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error("The picture cannot be read any more. Choose it again."));
    reader.readAsDataURL(blob);
  });
}

/// A small copy for the list of what was asked.
export async function thumbnail({ blob, name }, side = 96) {
  const bitmap = await decode(blob, name);
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const small = await redraw(
    bitmap, Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)), "image/jpeg", 0.8);
  bitmap.close();
  return dataURL(small);
}

async function decode(blob, name) {
  try {
    return await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    throw new Error(`${name} is no picture that this browser can read. Choose a JPEG, PNG, WebP or GIF file.`);
  }
}

async function redraw(bitmap, width, height, type, quality) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  // What is transparent shows white, as the model sees it.
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, type, quality));
  if (!blob) throw new Error("The picture is too large for this browser. Choose a smaller one.");
  return blob;
}

const megabytes = (bytes) => bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`;
