/** Vulkan drivers need a private folder named by XDG_RUNTIME_DIR; a bare machine or a container has none. */
import { lstatSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Sets XDG_RUNTIME_DIR on Linux unless it is set: a folder of this user alone, the same one every time. A fresh folder
 * takes its place when another user owns that folder or can read it.
 */
export function ensureRuntimeFolder(): void {
  if (process.platform !== 'linux' || process.env.XDG_RUNTIME_DIR) return;
  const uid = process.getuid?.() ?? 0;
  const own = join(tmpdir(), `aaclip-runtime-${uid}`);
  try {
    mkdirSync(own, { mode: 0o700 });
  } catch {
    // Something else has that name; the check below sees it.
  }
  const stat = lstatSync(own, { throwIfNoEntry: false });
  const isPrivate = stat?.isDirectory() && stat.uid === uid && (stat.mode & 0o077) === 0;
  process.env.XDG_RUNTIME_DIR = isPrivate ? own : mkdtempSync(join(tmpdir(), 'aaclip-runtime-'));
}
