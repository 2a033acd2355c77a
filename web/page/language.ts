/** The language of the page: chosen by the user, else the browser's. */
import { byId, each } from './elements.js';
import { ENGLISH, type Texts } from './texts_en.js';
import { CHINESE } from './texts_zh.js';

export type TextKey = keyof Texts;
type Language = 'en' | 'zh';

const TEXTS: Readonly<Record<Language, Texts>> = { en: ENGLISH, zh: CHINESE };
const KEPT = 'aaclip-language';

let current: Language = firstLanguage();
const listeners: (() => void)[] = [];

function firstLanguage(): Language {
  const kept = keptLanguage();
  if (kept === 'en' || kept === 'zh') return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

function keptLanguage(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    // Storage is switched off.
    return null;
  }
}

/** The words for a key, with its values put in. */
export function text(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  return TEXTS[current][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Called after every change of the language. */
export function onLanguage(listener: () => void): void {
  listeners.push(listener);
}

function apply(): void {
  document.documentElement.lang = current;
  document.title = text('title');
  each('[data-text]', (element) => {
    element.textContent = text(element.dataset.text as TextKey);
  });
  each('[data-label]', (element) => element.setAttribute('aria-label', text(element.dataset.label as TextKey)));
  for (const listener of listeners) listener();
}

/** Shows the page in the user's language, and lets the user choose another. */
export function startLanguage(): void {
  const select = byId('language', HTMLSelectElement);
  select.value = current;
  select.addEventListener('change', () => {
    current = select.value as Language;
    try {
      localStorage.setItem(KEPT, current);
    } catch {
      // Then it holds for this visit.
    }
    apply();
  });
  apply();
}
