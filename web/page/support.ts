/** Whether this browser has WebGPU, and what to say where it has not. */
import { byId, make, show } from './elements.js';
import { onLanguage, text } from './language.js';

/** Says which browsers can run the page where this one cannot. @returns whether it can */
export function checkSupport(): boolean {
  if (navigator.gpu) return true;
  const say = (): void => {
    const insecure = globalThis.isSecureContext ? '' : ` ${text('noWebgpuInsecure')}`;
    byId('no-webgpu-why', HTMLElement).textContent = text('noWebgpuWhy') + insecure;
    const browsers = (['browserChrome', 'browserSafari', 'browserFirefox'] as const).map((key) => text(key));
    byId('no-webgpu-browsers', HTMLElement).replaceChildren(...browsers.map((line) => make('li', {}, line)));
  };
  onLanguage(say);
  say();
  show(byId('no-webgpu', HTMLElement), true);
  return false;
}
