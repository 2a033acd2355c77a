/** The page as `serve` answers with it: a fixed list of files, read once, so that no name from outside reaches the file system. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { PAGE_HEADERS } from './content_policy.js';

/** Where the built page lies in the package. */
const PAGE = fileURLToPath(new URL('../../../dist-web/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
};

export interface PageFile {
  /** Address, from `/`. */
  readonly url: string;
  readonly type: string;
  /** Whether its name changes with its contents. */
  readonly immutable: boolean;
  readonly bytes: Buffer;
}

/** The files of the page; none where it was not built. */
export function readPageFiles(folder = PAGE): PageFile[] {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => name.replaceAll('\\', '/'))
      .filter((name) => !/(?:^|\/)\./.test(name) && statSync(`${folder}/${name}`).isFile());
  } catch {
    return [];
  }
  if (!names.includes('index.html')) return [];
  return names.map((name) => ({
    url: name === 'index.html' ? '/' : `/${name}`,
    type: TYPES[extname(name)] ?? 'application/octet-stream',
    immutable: name.startsWith('assets/'),
    bytes: readFileSync(`${folder}/${name}`),
  }));
}

/** Answers with the files of the page under their addresses. They hold no secret: no token is asked for them. */
export function addPage(app: FastifyInstance, files: readonly PageFile[]): void {
  for (const { url, type, immutable, bytes } of files) {
    app.get(url, { schema: { hide: true } }, (_request, reply) =>
      reply
        .headers(PAGE_HEADERS)
        .header('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
        .type(type)
        .send(bytes),
    );
  }
}
