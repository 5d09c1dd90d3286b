/** The guest agent: the only file of the guest's side that names the Linux effects and the guest's own paths. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import packageFile from '../package.json' with { type: 'json' };
import { startAgent } from './agent.ts';
import { linuxEffects } from './effects/linux/linux-effects.ts';
import { EngineError } from './protocol/errors.ts';
import { agentSocketPath } from './protocol/version.ts';
import { openEngine } from './services/compose.ts';
import { bootId, guestFacts } from './services/guest-facts.ts';
import { keepCode } from './services/kept-code.ts';
import { guestPaths as paths } from './services/paths.ts';
import { powerOff } from './services/power.ts';
import type { Engine } from './services/engine.ts';

const launcherSocket = '/run/berth/launcher.sock';
const launcherProgram = '/opt/berth/berth-launcher';
/** Written by the guest before the agent begins: `ok`, or why the data disk could not be mounted. */
const dataDiskWord = '/run/berth/data-disk';

function log(line: string): void {
  process.stderr.write(`berth: agent ${line}\n`);
}

/** For the host, which reads the console to know how far the guest has come. */
function tellConsole(line: string): void {
  try {
    writeFileSync('/dev/console', `${line}\n`);
  } catch {
    log('there is no console to write to');
  }
}

function checkDataDisk(): void {
  const word = readFileSync(dataDiskWord, 'utf8').trim();
  if (word !== 'ok') throw new EngineError('data-disk-corrupt', word);
}

function open(): Promise<Engine> {
  checkDataDisk();
  const effects = linuxEffects(launcherSocket, launcherProgram);
  return openEngine({ paths, effects, bootId: bootId(paths), facts: () => guestFacts(paths, process.arch) });
}

/**
 * The third compiler takes 5 MB and makes no start faster. It is turned off now, not by a flag of the start: with that Node
 * would leave the compiled code of its own modules, which it brings along.
 */
function settle(): void {
  keepCode();
  setFlagsFromString('--no-turbofan');
}

process.umask(0o022);
process.on('uncaughtException', (error) => {
  log(`ends: ${error.stack ?? error.message}`);
  process.exit(1);
});

const agent = await startAgent({
  socketPath: agentSocketPath,
  agentVersion: packageFile.version,
  arch: process.arch,
  bootId: bootId(paths),
  // What is thrown at once is a failure to open like any other.
  open: async () => await open(),
  powerOff,
  onPrepared: settle,
  log,
});
process.on('SIGTERM', () => {
  void agent.close().then(() => process.exit(0));
});
tellConsole('berth: stage agent');
