/** A host service of fakes for start-up.ts, which is told its BERTH_HOME; ends with its parent. */
import { fakeHost, runningEngine } from '../support/cli.ts';

const cleanUps: (() => Promise<void>)[] = [];
const host = await fakeHost(
  { after: (fn) => void cleanUps.unshift(fn) },
  { engine: runningEngine, containers: { list: () => Promise.resolve([]) } },
);
process.once('disconnect', () => void leave());
process.send?.(host.env['BERTH_HOME']);

async function leave(): Promise<void> {
  for (const cleanUp of cleanUps) await cleanUp();
  process.exit();
}
