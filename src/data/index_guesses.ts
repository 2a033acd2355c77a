/** What was made of a folder's names, for the user to look over. */
import type { MaskReason } from './index_masks.js';
import type { StateReason } from './index_states.js';

/** What was made of the folders of one name. */
export interface FolderGuess {
  readonly name: string;
  readonly taken: 'normal' | 'abnormal' | 'masks' | 'ignored';
  readonly files: number;
  readonly reason: StateReason | MaskReason | 'below the state';
}

/** Counts what became of folders, by name. */
export class Guesses {
  readonly #counts = new Map<string, { guess: Omit<FolderGuess, 'files'>; files: number }>();

  add(name: string, taken: FolderGuess['taken'], reason: FolderGuess['reason']): void {
    const key = `${taken}\n${reason}\n${name}`;
    const there = this.#counts.get(key);
    if (there) there.files++;
    else this.#counts.set(key, { guess: { name, taken, reason }, files: 1 });
  }

  list(): FolderGuess[] {
    return [...this.#counts.values()].map(({ guess, files }) => ({ ...guess, files }));
  }
}
