/** Gives the user a file. */
import { make } from './elements.js';

/** Offers bytes as a download. */
export function saveFile(name: string, content: Blob): void {
  const href = URL.createObjectURL(content);
  const link = make('a', { href, download: name });
  link.click();
  // The browser reads the address once, after the click.
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

/** Offers a canvas as a PNG. */
export function savePng(name: string, canvas: HTMLCanvasElement): void {
  canvas.toBlob((blob) => {
    if (blob) saveFile(name, blob);
  }, 'image/png');
}

/** A name without its ending. */
export const stemOf = (name: string): string => name.replace(/^.*\//, '').replace(/\.\w+$/, '');
