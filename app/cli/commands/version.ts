import type { CommandSpec } from '../command/spec.ts';
import { formatInspect } from '../format/list.ts';
import { inspectFormat } from '../shared/format-option.ts';
import { version } from '../version.ts';

export const command: CommandSpec = {
  usage: '',
  description: 'Shows the versions of this command, of the host service and of the engine, as far as they run.',
  options: [inspectFormat],
  examples: [{ line: "berth version --format '{{.Client.Version}}'", does: 'One number' }],
  args: [0, 0],
  async run(context, { options }) {
    const [state, service] =
      (await context.askIfThere(({ api, hello }) => Promise.all([api.engine.state({}), hello]))) ?? [];
    const running = state?.status === 'running' ? state : { agentVersion: '', kernel: '' };
    const data = {
      Client: { Version: version, NodeVersion: process.versions.node },
      Server: {
        Version: service?.hostVersion ?? '',
        AgentVersion: running.agentVersion,
        KernelVersion: running.kernel,
      },
    };
    const format = options.text('format');
    if (format === undefined) context.print(...describe(data));
    else context.print(...formatInspect([data], format === 'json' ? '{{json .}}' : format));
    return 0;
  },
};

interface Versions {
  readonly Client: { readonly Version: string; readonly NodeVersion: string };
  readonly Server: { readonly Version: string; readonly AgentVersion: string; readonly KernelVersion: string };
}

function describe({ Client, Server }: Versions): string[] {
  const absent = 'not running';
  return [
    `berth         ${Client.Version} (Node ${Client.NodeVersion})`,
    `host service  ${Server.Version || absent}`,
    `guest agent   ${Server.AgentVersion || absent}`,
    `guest kernel  ${Server.KernelVersion || absent}`,
  ];
}
