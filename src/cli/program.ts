/** The program that commands are added to, and the spelling of flags. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';

/** Adds a command to the program: its name, description, flags, examples and action. */
export type AddCommand = (program: Command) => void;

/** The version of this package. */
export function programVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

export function createProgram(commands: readonly AddCommand[]): Command {
  const program = new Command('aaclip')
    .description(
      'Zero-shot visual anomaly detection on WebGPU: given a picture and the name of its object, says whether and where something is wrong.',
    )
    .version(programVersion())
    .showHelpAfterError('(aaclip <command> --help explains every option)');
  for (const add of commands) add(program);
  return program;
}

const letters = (flag: string): string => flag.replaceAll(/[-_]/g, '');

/** The published programs' names: `train.py` is `train`, `test_all_datasets.py` is `test-all`. */
function normaliseCommand(word: string, program: Command): string {
  const meant = letters(word.replace(/\.py$/, ''));
  return (
    program.commands.find((c) => [c.name(), ...c.aliases()].some((name) => letters(name) === meant))?.name() ?? word
  );
}

/** Flags may be written with `_` or `-`: `--img-size` becomes `--img_size`, the published program's spelling. */
export function normaliseFlags(argv: readonly string[], program: Command): string[] {
  const options = program.commands.flatMap((c) => [c, ...c.commands]).flatMap((c) => c.options);
  // An option with two long spellings has the first one as its short one.
  const known = options.flatMap((o) => [o.short, o.long]).filter((flag) => flag !== undefined);
  return argv.map((arg, i) => {
    if (i === 2 && !arg.startsWith('-')) return normaliseCommand(arg, program);
    const [, flag, value = ''] = /^(--[\w-]+)(=.*)?$/.exec(arg) ?? [];
    if (flag === undefined || known.includes(flag)) return arg;
    const meant = known.find((k) => letters(k) === letters(flag));
    return meant === undefined ? arg : meant + value;
  });
}
