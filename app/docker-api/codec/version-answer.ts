import { newestVersion, oldestVersion } from './version.ts';

const goArch: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** An architecture in Go's words. */
export function archOf(arch: string): string {
  return goArch[arch] ?? arch;
}

/** `GET /version`; the kernel is told by a running machine alone. */
export function versionOf({ version, arch, kernel }: { version: string; arch: string; kernel: string }) {
  const common = {
    Os: 'linux',
    Arch: archOf(arch),
    KernelVersion: kernel,
    BuildTime: '',
    GitCommit: '',
    GoVersion: '',
  };
  const api = { ApiVersion: newestVersion, MinAPIVersion: oldestVersion };
  return {
    Platform: { Name: 'Berth' },
    Components: [{ Name: 'Engine', Version: version, Details: { ...common, ...api, Experimental: 'false' } }],
    Version: version,
    ...api,
    ...common,
  };
}
