/** The page as `serve` answers with it: a fixed list of files, read once, so that no name from outside reaches the file system. */
import { createHash } from 'node:crypto';
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
  /** A strong entity tag: a hash of the bytes, in its quotes. */
  readonly tag: string;
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
  return names.map((name) => {
    const bytes = readFileSync(`${folder}/${name}`);
    return {
      url: name === 'index.html' ? '/' : `/${name}`,
      type: TYPES[extname(name)] ?? 'application/octet-stream',
      immutable: name.startsWith('assets/'),
      bytes,
      tag: `"${createHash('sha256').update(bytes).digest('base64url')}"`,
    };
  });
}

/** Whether a browser that sent this If-None-Match has the file already. Weak tags count, as RFC 9110, 13.1.2 asks for. */
function isKnown(tags: string | undefined, tag: string): boolean {
  const known = tags?.split(',').map((one) => one.trim().replace(/^W\//, '')) ?? [];
  return known.includes('*') || known.includes(tag);
}

/** Answers with the files of the page under their addresses. They hold no secret: no token is asked for them. */
export function addPage(app: FastifyInstance, files: readonly PageFile[]): void {
  for (const { url, type, immutable, bytes, tag } of files) {
    app.get(url, { schema: { hide: true } }, (request, reply) => {
      reply
        .headers(PAGE_HEADERS)
        .header('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
        .header('etag', tag);
      return isKnown(request.headers['if-none-match'], tag) ? reply.code(304).send() : reply.type(type).send(bytes);
    });
  }
}
