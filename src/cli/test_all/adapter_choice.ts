/** Which adapters the data sets are shared out to. */
import { isSoftwareName } from '../../gpu/traits.js';
import { adapterNames } from '../../node/adapter_list.js';
import { withQuietNativeCode } from '../../node/quiet.js';

/** The value of `--gpus` that stands for every card. */
export const EVERY = 'all';

/**
 * The adapters that `--gpus` names, each by a part of its name; "all" stands for every adapter that is no software driver.
 * @param there names of the adapters of this machine
 * @throws one line where a name fits none of them, or "all" finds none
 */
export function chosenAdapters(text: string, there: readonly string[]): string[] {
  const listed = there.length > 0 ? there.join('; ') : 'none';
  if (text.trim() === EVERY) {
    const cards = there.filter((name) => !isSoftwareName(name));
    if (cards.length > 0) return cards;
    throw new Error(`--gpus ${EVERY}: no adapter but software drivers here (${listed}): leave it out`);
  }
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => name === '' || !there.some((full) => full.includes(name)));
  if (wrong === undefined) return names;
  throw new Error(`--gpus: no adapter here has ${JSON.stringify(wrong)} in its name: expected parts of ${listed}`);
}

/** The adapters of `--gpus`; undefined without the flag. @throws one line where they cannot be had */
export async function wantedAdapters(
  adapters: string | undefined,
  adapter: string | undefined,
): Promise<readonly string[] | undefined> {
  if (adapters === undefined) return undefined;
  if (adapter !== undefined) throw new Error('--gpus: names the adapters: leave out --adapter');
  return chosenAdapters(adapters, await withQuietNativeCode(adapterNames));
}
