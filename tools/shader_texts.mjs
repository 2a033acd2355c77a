/** The kernels' texts as a module, so that neither a bundler plugin nor a file system is needed to have them. */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes `web/shader_texts.js` and its declaration into a build.
 * @param {string} root of the repository
 * @param {string} dist folder of the build
 */
export function writeShaderTexts(root, dist) {
  const folder = join(root, 'shaders');
  const files = readdirSync(folder).filter((file) => file.endsWith('.wgsl'));
  const rows = files.sort().map((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    return `  [${JSON.stringify(file.slice(0, -'.wgsl'.length))}, ${JSON.stringify(text)}],\n`;
  });
  const module = `/** The text of every kernel by stem, made from shaders/ by the build. */\nexport const SHADERS = new Map([\n${rows.join('')}]);\n`;
  writeFileSync(join(dist, 'web', 'shader_texts.js'), module);
  copyFileSync(join(root, 'src', 'web', 'shader_texts.d.ts'), join(dist, 'web', 'shader_texts.d.ts'));
}
