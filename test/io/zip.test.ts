import { describe, expect, test } from 'vitest';
import { crc32 } from '../../src/io/crc32.js';
import { type ByteSource, bytesSource } from '../../src/io/source.js';
import { looksLikeZip, openZip } from '../../src/io/zip.js';
import { buildZip, type Entry } from './zip_builder.js';

const text = (s: string) => new TextEncoder().encode(s);
const source = (bytes: Uint8Array): ByteSource => bytesSource('a.pt', bytes);
const entries: Entry[] = [
  { name: 'a/data.pkl', bytes: text('pickle') },
  { name: 'a/größe', bytes: text('0123456789') },
  { name: 'a/empty', bytes: text('') },
];

describe('crc32', () => {
  test('gives the check value of the standard', () => {
    expect(crc32(text('123456789'))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });

  test('agrees with the one-bit-at-a-time definition at every length and continues from any point', () => {
    const bytes = Uint8Array.from({ length: 70 }, (_, i) => (i * 151 + 7) & 255);
    for (let n = 0; n <= 70; n++) {
      let crc = 0xffffffff;
      for (const byte of bytes.subarray(0, n)) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
      }
      expect(crc32(bytes.subarray(0, n))).toBe(~crc >>> 0);
      expect(crc32(bytes.subarray(n), crc32(bytes.subarray(0, n)))).toBe(crc32(bytes));
    }
  });
});

describe('openZip', () => {
  test.each([
    ['plain', buildZip(entries)],
    [
      'with a comment that looks like an end record',
      buildZip(entries, { comment: 'PK\x05\x06 0123456789012345678901' }),
    ],
    [
      'zip64',
      buildZip(
        entries.map((e) => ({ ...e, zip64: true })),
        { zip64: true },
      ),
    ],
  ])('reads stored entries: %s', async (_, bytes) => {
    expect(await looksLikeZip(source(bytes))).toBe(true);
    const zip = await openZip(source(bytes));
    expect([...zip.entries.keys()]).toEqual(['a/data.pkl', 'a/größe', 'a/empty']);
    for (const { name, bytes: expected } of entries) expect(await zip.read(name)).toEqual(expected);
    expect(await zip.readRange('a/größe', 3, 4)).toEqual(text('3456'));
    expect(await zip.readRange('a/größe', 0, 10)).toEqual(text('0123456789'));
  });

  test('reads the directory and the requested entry, not the whole file', async () => {
    const inner = source(buildZip([{ name: 'big', bytes: new Uint8Array(1 << 20) }, ...entries]));
    let read = 0;
    const zip = await openZip({
      ...inner,
      read(offset, length) {
        read += length;
        return inner.read(offset, length);
      },
    });
    await zip.read('a/data.pkl');
    expect(read).toBeLessThan(70_000);
  });

  test('verifies the checksum at the first range and then reads the range alone', async () => {
    const inner = source(buildZip(entries));
    let read = 0;
    const zip = await openZip({
      ...inner,
      read(offset, length) {
        read += length;
        return inner.read(offset, length);
      },
    });
    await zip.readRange('a/größe', 1, 2);
    read = 0;
    await zip.readRange('a/größe', 1, 2);
    expect(read).toBeLessThan(60);
  });

  const bad: Entry = { name: 'a/bad', bytes: text('0123456789'), crc: 1 };
  const failures: [what: string, entry: Entry, message: RegExp][] = [
    ['a damaged entry', bad, /a.pt: entry a\/bad is damaged: expected checksum 0x00000001, got 0x[0-9a-f]{8}/],
    ['an encrypted entry', { ...bad, flags: 1 }, /entry a\/bad is encrypted/],
    ['a compressed entry', { ...bad, method: 8 }, /entry a\/bad is compressed: expected a stored entry, got method 8/],
    [
      'a local header of another entry',
      { ...bad, localName: 'a/sad' },
      /entry a\/bad: zip archive is broken: expected its local header/,
    ],
  ];
  test.each(failures)('refuses %s when it is read', async (_, entry, message) => {
    const zip = await openZip(source(buildZip([...entries, entry])));
    await expect(zip.read('a/bad')).rejects.toThrow(message);
    await expect(zip.readRange('a/bad', 2, 3)).rejects.toThrow(message);
    await expect(zip.read('a/data.pkl')).resolves.toEqual(text('pickle'));
  });

  test('refuses an entry that is not there and ranges past its end', async () => {
    const zip = await openZip(source(buildZip(entries)));
    await expect(zip.read('a/none')).rejects.toThrow('a.pt: entry is missing: expected a/none');
    await expect(zip.readRange('a/größe', 8, 3)).rejects.toThrow(/entry a\/größe: read past the end/);
  });

  const whole = buildZip(entries);
  /** The archive with one 32-bit field changed, `back` bytes before its end. */
  const edited = (back: number, value: number) => {
    const bytes = whole.slice();
    new DataView(bytes.buffer).setUint32(bytes.length - back, value, true);
    return bytes;
  };
  const broken: [what: string, bytes: Uint8Array, message: RegExp][] = [
    ['an empty file', new Uint8Array(0), /not a zip archive/],
    ['a truncated archive', whole.subarray(0, whole.length - 5), /not a zip archive: .*download may be incomplete/],
    ['a directory past the end', edited(6, 0x7fffffff), /zip archive is broken: expected a directory before byte/],
    ['a directory at the wrong place', edited(6, 10), /expected 3 directory entries, got 0/],
    ['more entries than there are', buildZip(entries, { count: 5 }), /expected 5 directory entries, got 3/],
    ['an entry twice', buildZip([entries[0]!, entries[0]!]), /expected each entry once, got a\/data.pkl twice/],
    ['a part of several', buildZip(entries, { disk: 2 }), /archive is split/],
  ];
  test.each(broken)('refuses %s', async (_, bytes, message) => {
    await expect(openZip(source(bytes))).rejects.toThrow(message);
  });

  test('tells other kinds of file by their first bytes', async () => {
    expect(await looksLikeZip(source(text('PK')))).toBe(false);
    expect(await looksLikeZip(source(text('\x80\x02}q')))).toBe(false);
  });
});
