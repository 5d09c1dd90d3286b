/** Small helpers of the plain scripts, which run on any Node since 18 before the pinned one is there. */
import { spawn } from 'node:child_process';

/** An error that a person can act on; printed without a stack. */
export class SetupError extends Error {}

/** Runs a program to its end. `quiet` keeps its output for the error; otherwise it goes to the terminal. */
export function run(file, args, { quiet = true, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit';
    const child = spawn(file, args, { stdio, ...options });
    const out = [];
    const err = [];
    child.stdout?.on('data', (chunk) => out.push(chunk));
    child.stderr?.on('data', (chunk) => err.push(chunk));
    child.on('error', (error) => reject(new SetupError(`${file} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      const output = Buffer.concat(out).toString();
      if (code === 0) resolve(output);
      else
        reject(new SetupError(`${file} ${args.join(' ')} failed (${code ?? signal})\n${Buffer.concat(err)}${output}`));
    });
  });
}

const started = Date.now();

/** Runs one step and prints its name with the time that it took. */
export async function step(name, work) {
  const begin = Date.now();
  if (process.stderr.isTTY) process.stderr.write(`… ${name}\r`);
  const note = await work();
  process.stderr.write(`✓ ${name}${note ? ` (${note})` : ''} ${seconds(Date.now() - begin)}\n`);
}

export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function sinceStart() {
  return seconds(Date.now() - started);
}

/** The main of a script: known errors in one line, the exit code right. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    process.stderr.write(`${error instanceof SetupError ? error.message : (error.stack ?? error)}\n`);
    process.exitCode = 1;
  }
}
