/** Runs a container's health check while it runs. */
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { FrameReader } from '../effects/frames.ts';
import type { Healthcheck } from '../protocol/container-spec.ts';
import { frameKind } from '../protocol/stream-format.ts';
import { milliseconds, nowNano } from './clock.ts';
import type { Container } from './container.ts';
import { isActive } from './container-state.ts';
import type { Engine } from './engine.ts';
import { createExec, launchExec } from './exec-start.ts';
import { afterProbe, beginning, probeCommand, untilProbe, type ProbeResult } from './health-state.ts';

/** Bytes of a probe's output that are kept. */
const outputLimit = 4096;

export function watchHealth(engine: Engine, container: Container): void {
  const { healthcheck } = container.record.spec;
  const argv = probeCommand(healthcheck);
  container.health = undefined;
  if (healthcheck === undefined || argv === undefined) return;
  container.health = beginning;
  const over = new AbortController();
  container.endProbes = () => over.abort();
  container.whileRunning.push(container.endProbes);
  watch(engine, container, { check: healthcheck, argv, signal: over.signal }).catch(() => undefined);
}

interface Watch {
  readonly check: Healthcheck;
  readonly argv: readonly string[];
  /** Aborted when the container has ended: then the wait between probes is, too. */
  readonly signal: AbortSignal;
}

async function watch(engine: Engine, container: Container, { check, argv, signal }: Watch): Promise<void> {
  for (;;) {
    await delay(untilProbe(container.health ?? beginning, check, runsFor(container)), undefined, {
      signal,
      ref: false,
    });
    if (container.record.state.status === 'paused') continue;
    const result = await probe(engine, container, argv, check.timeout);
    if (signal.aborted) return;
    const before = container.health ?? beginning;
    container.health = afterProbe(before, result, check, runsFor(container));
    if (container.health.status !== before.status)
      engine.events.emit('container', container.id, `health_status: ${container.health.status}`);
  }
}

function runsFor({ record: { state } }: Container): number {
  return isActive(state) ? Date.now() - milliseconds(state.startedAt) : 0;
}

async function probe(
  engine: Engine,
  container: Container,
  argv: readonly string[],
  limit: number,
): Promise<ProbeResult> {
  const startedAt = nowNano();
  const end = (exitCode: number, output: string): ProbeResult => ({ startedAt, endedAt: nowNano(), exitCode, output });
  const spec = {
    ...{ env: [], workdir: '', user: '', tty: false, openStdin: false, privileged: false },
    argv: [...argv],
  };
  const id = createExec(engine, { ...spec, container: container.id });
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort();
    void engine.execs.kill(id);
  }, limit);
  try {
    const output = await textOf(await launchExec(engine, id));
    const { exitCode } = await engine.execs.wait(id, new AbortController().signal);
    return late.signal.aborted ? end(-1, `Health check exceeded timeout (${limit} ms)`) : end(exitCode, output);
  } catch (error) {
    return end(-1, error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
  }
}

/** The beginning of what a process prints; the rest is read and passed over. */
async function textOf(bytes: Duplex): Promise<string> {
  const reader = new FrameReader();
  let text = Buffer.alloc(0);
  for await (const chunk of bytes as AsyncIterable<Buffer>)
    for (const { kind, payload } of reader.push(chunk))
      if ((kind === frameKind.stdout || kind === frameKind.stderr) && text.length < outputLimit)
        text = Buffer.concat([text, payload]);
  return text.toString('utf8', 0, outputLimit);
}
