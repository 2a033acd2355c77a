/** Weights kept in the browser: whole or not at all, also where there is no room. */
import { describe, expect, it } from 'vitest';
import { KeptFiles } from '../../src/web/kept_files.js';
import { Folder } from './memory_folder.js';

const never = new AbortController().signal;

describe('kept files', () => {
  it('come back as they were, replace one another, and are forgotten', async () => {
    const root = new Folder();
    const kept = new KeptFiles(async () => root);
    const shares: number[] = [];
    const bytes = Uint8Array.from({ length: 20_000_000 }, (_, i) => i % 251);
    expect(await kept.keep('b.pt', new Blob([bytes]), (share) => shares.push(share), never)).toEqual({
      ...{ name: 'b.pt', size: bytes.length },
    });
    expect(shares.at(-1)).toBe(1);
    expect(shares.length).toBe(3);
    await kept.keep('a.pt', new Blob(['other']), () => undefined, never);
    expect((await kept.list()).map(({ name }) => name)).toEqual(['a.pt', 'b.pt']);
    expect(Buffer.from(await (await kept.open('b.pt')).arrayBuffer()).equals(bytes)).toBe(true);
    await kept.keep('b.pt', new Blob(['new']), () => undefined, never);
    expect(await (await kept.open('b.pt')).text()).toBe('new');
    await kept.forget('b.pt');
    await kept.forget('b.pt');
    await expect(kept.open('b.pt')).rejects.toThrow('b.pt: no longer kept in this browser: pick the file again');
  });

  it.each([true, false])('leave nothing behind where there is no room (an error: %s)', async (throws) => {
    const root = Object.assign(new Folder(), { room: 10, throws });
    const kept = new KeptFiles(async () => root);
    await kept.keep('small.pt', new Blob(['0123456789']), () => undefined, never);
    const large = kept.keep('large.pt', new Blob(['0123456789a']), () => undefined, never);
    await expect(large).rejects.toThrow(
      'large.pt: not kept: the browser has no room for it: it is used for this visit; free some space to keep it',
    );
    expect([...root.folders.get('weights')!.files.keys()]).toEqual(['small.pt']);
  });

  it('that were not written to their end are removed', async () => {
    const root = new Folder();
    const kept = new KeptFiles(async () => root);
    await kept.list();
    root.folders.get('weights')!.files.set('half.pt.part', new Uint8Array(5));
    expect(await kept.list()).toEqual([]);
    expect(root.folders.get('weights')!.files.size).toBe(0);
    const stop = new AbortController();
    const kept2 = kept.keep('c.pt', new Blob([new Uint8Array(20_000_000)]), () => stop.abort(), stop.signal);
    await expect(kept2).rejects.toMatchObject({ code: 'aborted' });
    expect(root.folders.get('weights')!.files.size).toBe(0);
  });

  it('are not to be had in a browser without that storage', async () => {
    await expect(new KeptFiles(undefined).list()).rejects.toThrow(/^storage: this browser keeps no files/);
  });
});
