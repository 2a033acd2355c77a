/**
 * `Symbol.dispose` where the browser lacks it (Safari 26 does): imported before everything else, since classes use it
 * when they are defined.
 */
for (const name of ['dispose', 'asyncDispose'] as const) {
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol.for(`Symbol.${name}`) });
}
