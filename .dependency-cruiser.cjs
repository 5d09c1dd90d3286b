/**
 * What may import what, one rule per folder: the table of ARCHITECTURE.md. Type-only imports count. scripts/check-layers.ts
 * runs these rules on the tree, and on a planted breach that they must report.
 */
'use strict';

const protocol = '^guest-agent/protocol/';
const wire = '^guest-agent/wire/';
const layers = [
  '^guest-agent/(protocol|wire|plan|effects|streams|services|rpc|launcher)/',
  '^guest-agent/(main|agent)\\.ts$',
  '^app/(base|contract|machine|transport|guest|shares|ports|content|services|docker-api|control|host|electron|gui|cli)/',
];
const tests = '(^|/)test/';

/** Whatever is in `from` may import itself and `to`; the reason is shown with a breach. */
function layer(name, comment, from, to = [], { modules = [], core = true } = {}) {
  const packages = modules.map((module) => `node_modules/${module}/`);
  return [
    {
      name,
      comment,
      severity: 'error',
      from: { path: from },
      to: { pathNot: [from, ...to, 'node_modules/', '\\.json$'], dependencyTypesNot: ['core'] },
    },
    ...(core
      ? []
      : [
          {
            name: `${name}-is-pure`,
            comment: `${from} is pure: it decides, and neither touches the system nor knows Node.`,
            severity: 'error',
            from: { path: from },
            to: { path: 'node_modules/', pathNot: packages.length > 0 ? packages : ['^$'] },
          },
          {
            name: `${name}-no-core`,
            comment: `${from} is pure: no module of Node.`,
            severity: 'error',
            from: { path: from },
            to: { dependencyTypes: ['core'] },
          },
        ]),
  ];
}

const guest = (folder) => `^guest-agent/${folder}/`;
const app = (folder) => `^app/${folder}/`;
const interfaces = {
  machine: '^app/machine/machine(-spec|-store|-lock|-name)?\\.ts$',
  effects: '^guest-agent/effects/[^/]+\\.ts$',
  streams: '^guest-agent/streams/',
  transport: '^app/transport/transport\\.ts$',
};

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle has no order in which to understand its files. What is loaded on demand closes none.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['dynamic-import'] } },
    },
    {
      name: 'every-file-has-a-layer',
      comment: 'A file outside the folders of the table is subject to no rule: put it into a layer, or add one here.',
      severity: 'error',
      from: {
        path: '^(app|guest-agent)/',
        pathNot: layers,
      },
      to: {},
    },
    {
      name: 'every-imported-file-has-a-layer',
      comment: 'The same for files that import nothing themselves.',
      severity: 'error',
      from: {},
      to: { path: '^(app|guest-agent)/', pathNot: layers },
    },
    {
      name: 'no-unresolved',
      comment: 'An import that leads nowhere is not checked by any other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'product-not-from-tests',
      comment: 'The product runs without its tests.',
      severity: 'error',
      from: { path: '^(app|guest-agent|vm-images|scripts)/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-development-packages',
      comment: 'The product is shipped without its development tools.',
      severity: 'error',
      from: { path: '^(app|guest-agent)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },

    ...layer('protocol', 'The contract between host and guest stands alone.', protocol, [], {
      core: false,
      modules: ['vscode-jsonrpc', 'valibot'],
    }),
    ...layer('wire', 'Both ends of a connection read and write the same bytes.', wire, [protocol]),
    ...layer('plan', 'A plan is computed from a specification alone.', guest('plan'), [protocol], {
      core: false,
      modules: ['valibot'],
    }),
    ...layer('effects', 'System calls know the plan, not the services that ask for them.', guest('effects'), [
      guest('plan'),
      protocol,
    ]),
    ...layer('streams', 'The byte plane knows nothing of containers.', guest('streams'), [protocol, wire]),
    ...layer(
      'guest-services',
      'Services act through the Effects interface, never through its Linux implementation.',
      guest('services'),
      [protocol, guest('plan'), interfaces.effects, interfaces.streams],
    ),
    ...layer('rpc', 'A handler decodes, calls and encodes.', guest('rpc'), [
      protocol,
      wire,
      guest('services'),
      guest('streams'),
    ]),
    {
      name: 'agent-main',
      comment: "The agent's composition root joins the guest's layers and nothing of the host.",
      severity: 'error',
      from: { path: '^guest-agent/(main|agent)\\.ts$' },
      to: { path: '^(app|vm-images|scripts)/' },
    },

    ...layer('base', 'The common ground has no domain words; the error type is the one exception.', app('base'), [
      '^guest-agent/protocol/errors\\.ts$',
    ]),
    ...layer('contract', 'What front doors may ask is declared apart from who answers.', app('contract'), [protocol], {
      core: false,
      modules: ['vscode-jsonrpc', 'valibot'],
    }),
    ...layer('machine', 'A virtual machine knows nothing of containers or shares.', app('machine'), [
      app('base'),
      app('contract'),
    ]),
    ...layer('transport', 'A transport opens streams and knows not what runs over them.', app('transport'), [
      app('base'),
    ]),
    ...layer(
      'guest-client',
      "The agent's client knows the protocol and some transport, not the machine.",
      app('guest'),
      [app('base'), interfaces.transport, protocol, wire],
    ),
    ...layer('shares', 'A share is data for the backend and for the guest.', app('shares'), [
      app('base'),
      app('contract'),
      protocol,
    ]),
    ...layer('ports', 'Port forwarding knows streams and the protocol.', app('ports'), [app('base'), protocol]),
    ...layer('content', 'Images are data; no engine is needed for them.', app('content'), [app('base')]),
    ...layer('host-services', "Host services use their siblings' interface files, never a driver.", app('services'), [
      app('base'),
      app('contract'),
      protocol,
      app('content'),
      app('guest'),
      interfaces.machine,
      interfaces.transport,
      '^app/control/host-service\\.ts$',
      '^app/shares/share-(driver|map|plan)\\.ts$',
      '^app/shares/path-map\\.ts$',
      '^app/ports/(port-driver|port-plan)\\.ts$',
    ]),
    ...layer('docker-api', 'A front door: it translates and calls HostApi.', app('docker-api'), [
      app('base'),
      app('contract'),
      protocol,
    ]),
    ...layer('control', 'HostApi over JSON-RPC, both ends.', app('control'), [
      app('base'),
      app('contract'),
      protocol,
      wire,
    ]),
    ...layer('host', 'The composition root: the only place that names drivers.', app('host'), [
      '^app/(?!electron|gui|cli)[^/]+/',
      protocol,
    ]),
    ...layer('electron', 'The window holds no logic.', app('electron'), [
      app('base'),
      app('contract'),
      app('control'),
      app('host'),
    ]),
    ...layer('gui', 'Views: what they know, they ask.', app('gui'), [
      app('base'),
      app('contract'),
      '^app/control/client\\.ts$',
    ]),
    ...layer('cli', 'One file per command; everything is asked over the control socket.', app('cli'), [
      app('base'),
      app('contract'),
      protocol,
      '^app/control/(client|spawn)\\.ts$',
      '^package\\.json$',
    ]),
    ...layer('vm-images', 'The guest image is built without the product, apart from its error type.', '^vm-images/', [
      '^guest-agent/protocol/errors\\.ts$',
    ]),

    {
      name: 'backends-are-islands',
      comment: 'A backend knows no other backend.',
      severity: 'error',
      from: { path: '^app/machine/backends/([^/]+)/' },
      to: { path: '^app/machine/backends/([^/]+)/', pathNot: '^app/machine/backends/$1/' },
    },
    {
      name: 'drivers-are-named-by-the-host-alone',
      comment: 'Only the composition root (and tests) may name a concrete driver.',
      severity: 'error',
      from: { pathNot: ['^app/host/', '^app/machine/backends/', tests] },
      to: { path: '^app/machine/backends/' },
    },
    {
      name: 'effects-of-linux-stay-behind-their-interface',
      comment: 'Only the agent’s composition root (and tests) may name the Linux implementation.',
      severity: 'error',
      from: { pathNot: ['^guest-agent/effects/linux/', '^guest-agent/(main|agent)\\.ts$', tests] },
      to: { path: '^guest-agent/effects/linux/' },
    },
    {
      name: 'koffi-in-two-places',
      comment: 'Foreign calls are for system calls in the guest and for hypervisor libraries on the host.',
      severity: 'error',
      from: {
        pathNot: ['^guest-agent/effects/linux/', '^app/machine/backends/', '^scripts/build/bundles\\.ts$', tests],
      },
      to: { path: '(^|/)node_modules/koffi/|^koffi$' },
    },
    {
      name: 'ssh2-in-two-places',
      comment: 'The ssh library is a detail of one transport, and of the keys made for it.',
      severity: 'error',
      from: { pathNot: ['^app/transport/ssh', '^app/machine/keys\\.ts$', tests] },
      to: { path: '(^|/)node_modules/ssh2/|^ssh2$' },
    },
    {
      name: 'undici-in-one-place',
      comment: 'HTTP to the outside is for registries; its proxies, trust and time limits are settled there.',
      severity: 'error',
      from: { pathNot: ['^app/content/registry/transport\\.ts$', tests] },
      to: { path: '(^|/)node_modules/undici/|^undici$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.cache)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
    moduleSystems: ['es6', 'cjs'],
  },
};
