/** The text of a file that people edit, whatever it was saved as. */

/**
 * The text of a file in UTF-8, or in UTF-16 where the file says so or its zero bytes show it; a byte-order mark is left out.
 * @param file name in messages
 * @throws one line for a packed file, or one in another encoding
 */
export function fileText(file: string, bytes: Uint8Array): string {
  const packed = packedAs(bytes);
  if (packed) throw new Error(`${file}: ${packed}, not text: unpack it, or save it as text in UTF-8`);
  const [a = 0, b = 0, c = 1, d = 1] = bytes;
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff)) {
    throw new Error(`${file}: saved as UTF-32: save it as UTF-8`);
  }
  const little = (a === 0xff && b === 0xfe) || (a !== 0 && b === 0 && bytes.length > 1);
  const big = (a === 0xfe && b === 0xff) || (a === 0 && b !== 0 && bytes.length > 1);
  if (little) return new TextDecoder('utf-16le').decode(bytes);
  // Node has no decoder for the other order in every build.
  if (big) return new TextDecoder('utf-16le').decode(swapped(bytes));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const line = firstBadLine(bytes);
    throw new Error(
      `${file}:${line}: not UTF-8 (perhaps GBK, Shift-JIS or Latin-1): save it as UTF-8, for example with "iconv -f GBK -t UTF-8"`,
    );
  }
}

function packedAs([a, b, c, d]: Uint8Array): string | undefined {
  if (a === 0x1f && b === 0x8b) return 'a gzip file';
  if (a === 0x50 && b === 0x4b && (c === 3 || c === 5) && (d === 4 || d === 6)) return 'a zip file or a spreadsheet';
  return undefined;
}

function swapped(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length & ~1);
  for (let i = 0; i < out.length; i += 2) {
    out[i] = bytes[i + 1]!;
    out[i + 1] = bytes[i]!;
  }
  return out;
}

/** The first line, from 1, that is not UTF-8. */
function firstBadLine(bytes: Uint8Array): number {
  const strict = new TextDecoder('utf-8', { fatal: true });
  let start = 0;
  for (let line = 1; ; line++) {
    const end = bytes.indexOf(0x0a, start);
    try {
      strict.decode(bytes.subarray(start, end < 0 ? bytes.length : end));
    } catch {
      return line;
    }
    if (end < 0) return line;
    start = end + 1;
  }
}
