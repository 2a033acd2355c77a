/** Pictures from the user: dropped, pasted, picked, or a whole folder of them. */
import { byId } from './elements.js';

export interface Given {
  readonly file: Blob;
  readonly name: string;
}

/** Files of a folder that are worth a try; what the user names singly is always tried. */
const PICTURES = /\.(?:png|jpe?g|webp|bmp)$/i;

const { compare } = new Intl.Collator(undefined, { numeric: true });
const byName = (a: Given, b: Given): number => compare(a.name, b.name);

/** All pictures below an entry that was dropped. */
async function filesOf(entry: FileSystemEntry, inFolder: boolean): Promise<Given[]> {
  if (entry.isFile) {
    if (inFolder && !PICTURES.test(entry.name)) return [];
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    return [{ file, name: entry.fullPath.replace(/^\//, '') }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Given[] = [];
  for (;;) {
    // A reader gives a part of the entries at a time.
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return found;
    for (const inner of some) found.push(...(await filesOf(inner, true)));
  }
}

async function dropped(data: DataTransfer): Promise<Given[]> {
  // The list is emptied when the event is over: entries are taken at once.
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return [...data.files].map((file) => ({ file, name: file.name }));
  const found = await Promise.all(entries.map((entry) => filesOf(entry, false)));
  return found.flat().sort(byName);
}

/** @param take called with the pictures; none where a folder holds none */
export function startPictureInput(take: (given: readonly Given[]) => void): void {
  const drop = byId('drop', HTMLElement);
  const over = (event: DragEvent): void => {
    event.preventDefault();
    drop.classList.toggle('over', event.type === 'dragover');
  };
  // Anywhere on the page: a picture that misses the field must not replace the page.
  document.addEventListener('dragover', over);
  document.addEventListener('dragleave', over);
  document.addEventListener('drop', (event) => {
    over(event);
    if (event.dataTransfer) void dropped(event.dataTransfer).then(take);
  });
  document.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length > 0) take(files.map((file) => ({ file, name: file.name })));
  });
  for (const id of ['pick', 'folder']) onPicked(byId(id, HTMLInputElement), take);
}

/** Passes on the pictures that a field for files is given; of a folder those that end like pictures. */
export function onPicked(input: HTMLInputElement, take: (given: readonly Given[]) => void): void {
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])].map((file) => ({ file, name: file.webkitRelativePath || file.name }));
    const wanted = input.webkitdirectory ? files.filter(({ name }) => PICTURES.test(name)).sort(byName) : files;
    // The same file can be picked again.
    input.value = '';
    take(wanted);
  });
}
